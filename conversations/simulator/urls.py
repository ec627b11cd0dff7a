"""The phone's doors."""

from django.urls import path

from conversations.simulator import views

app_name = "simulator"
urlpatterns = [
    path("", views.page, name="page"),
    path("news", views.news, name="news"),
    path("say", views.say, name="say"),
]
