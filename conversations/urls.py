"""The inbox."""

from django.urls import path

from conversations import views

app_name = "conversations"
urlpatterns = [
    path("", views.inbox, name="inbox"),
    path("<uuid:code>/", views.thread, name="thread"),
    path("<uuid:code>/reply/", views.reply, name="reply"),
    path("<uuid:code>/take-over/", views.take_over, name="take_over"),
    path("<uuid:code>/hand-back/", views.hand_back, name="hand_back"),
    path("<uuid:code>/mark-read/", views.mark_read, name="mark_read"),
    path("<uuid:code>/messages/<uuid:message>/retry/", views.retry, name="retry"),
    path("<uuid:code>/messages/<uuid:message>/again/", views.again, name="again"),
]
