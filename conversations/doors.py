"""Where Twilio posts: both inbound paths are configured there today, each as the other's fallback."""

from django.urls import path

from conversations import webhooks

urlpatterns = [
    path("whatsapp/webhook", webhooks.inbound, name="webhook"),
    path("webhook", webhooks.inbound, name="webhook-old"),
    path("whatsapp/status", webhooks.status, name="status"),
    path("whatsapp/status/<uuid:code>", webhooks.status, name="status-of"),
]
