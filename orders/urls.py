"""The restaurant's orders."""

from django.urls import path

from orders import views

app_name = "orders"
urlpatterns = [
    path("", views.orders, name="list"),
    path("of/<uuid:conversation>/", views.of_conversation, name="of_conversation"),
    path("<uuid:code>/", views.order, name="order"),
    path("<uuid:code>/advance/", views.advance, name="advance"),
    path("<uuid:code>/cancel/", views.cancel, name="cancel"),
]
