"""The way in."""

from django.contrib.auth.views import LogoutView
from django.urls import path

from bots import views

urlpatterns = [
    path("", views.home, name="home"),
    path("login/", views.SignIn.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("restaurant/", views.switch, name="switch_restaurant"),
]
