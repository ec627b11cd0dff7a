"""Where each customer is in the talk."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class BotSession(models.Model):
    """`state` is what `dialogue.codec` writes; `step` is copied out of it for people. `expires_at` is when silence
    begins to count; null while nothing is due."""

    conversation = models.OneToOneField(
        "conversations.Conversation", models.CASCADE, related_name="session", verbose_name=_("conversation")
    )
    restaurant = models.ForeignKey("bots.Restaurant", models.CASCADE, related_name="+", verbose_name=_("restaurant"))
    step = models.CharField(_("step"), max_length=30, default="welcome")
    state = models.JSONField(_("state"), default=dict)
    version = models.PositiveBigIntegerField(_("turns"), default=0)
    expires_at = models.DateTimeField(_("silent at"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        indexes = [
            models.Index(fields=["expires_at"], name="sessions_due", condition=models.Q(expires_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.conversation} · {self.step}"
