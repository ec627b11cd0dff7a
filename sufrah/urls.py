"""Every door on one page."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from sufrah import health

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("healthz/deep", health.deep, name="healthz-deep"),
    path("readyz", health.readyz, name="readyz"),
    # One's own password is changed in one place, which notes it.
    path("admin/password_change/", RedirectView.as_view(pattern_name="account")),
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
    path("", include("conversations.doors")),
    path("api/", include("bots.api")),
    path("api/", include("bots.hooks.api")),
    path("api/", include("conversations.api")),
    path("api/", include("orders.api")),
    path("api/", include("sufrah.api")),
    path("simulator/", include("conversations.simulator.urls")),
    path("", include("bots.urls")),
    path("inbox/", include("conversations.urls")),
    path("orders/", include("orders.urls")),
]

handler400 = "sufrah.api.bad_request"
handler403 = "sufrah.api.forbidden"
handler404 = "sufrah.api.not_found"
handler500 = "sufrah.api.server_error"
