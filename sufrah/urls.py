"""Every door on one page."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
    path("simulator/", include("conversations.simulator.urls")),
    path("", include("bots.urls")),
    path("inbox/", include("conversations.urls")),
    path("orders/", include("orders.urls")),
]
