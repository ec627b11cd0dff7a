"""Addresses that a restaurant named, what is to be told there, and how each attempt went."""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from bots.secrets import SecretField

URL_LENGTH = 500


class HookEvent(models.TextChoices):
    """Their names are those of the socket's frames."""

    MESSAGE_CREATED = "message.created", _("a message was written")
    MESSAGE_UPDATED = "message.updated", _("a message came further")
    CONVERSATION_UPDATED = "conversation.updated", _("a conversation changed")
    ORDER_CREATED = "order.created", _("an order was placed")
    ORDER_UPDATED = "order.updated", _("an order came further")


class HookEndpoint(models.Model):
    """One address. `failing_since` is the first failure after the last success; `off_reason` says why it is off."""

    class Off(models.TextChoices):
        BY_HAND = "by_hand", _("switched off by hand")
        FAILING = "failing", _("switched off: nothing but failures for three days")

    code = models.UUIDField(_("code"), default=uuid.uuid4, unique=True, editable=False)
    restaurant = models.ForeignKey(
        "bots.Restaurant", models.CASCADE, related_name="hooks", verbose_name=_("restaurant")
    )
    url = models.CharField(_("address"), max_length=URL_LENGTH)
    description = models.CharField(_("what it is for"), max_length=200, blank=True, default="", db_default="")
    events = ArrayField(models.CharField(max_length=24, choices=HookEvent.choices), verbose_name=_("events"))
    secret = SecretField(_("secret"))
    is_active = models.BooleanField(_("on"), default=True)
    off_reason = models.CharField(_("why it is off"), max_length=10, choices=Off.choices, blank=True)
    switched_off_at = models.DateTimeField(_("switched off"), null=True, blank=True)
    failing_since = models.DateTimeField(_("failing since"), null=True, blank=True)
    last_success_at = models.DateTimeField(_("last success"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["restaurant", "url"], name="one_hook_an_address")]

    def __str__(self) -> str:
        return self.url


class HookDelivery(models.Model):
    """One event for one address. `data` is the frame's: `{restaurantId, version, …ids}`."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("waiting")
        SENDING = "sending", _("being sent")
        DELIVERED = "delivered", _("delivered")
        FAILED = "failed", _("failed")

    code = models.UUIDField(_("code"), default=uuid.uuid4, unique=True, editable=False)
    endpoint = models.ForeignKey(
        HookEndpoint, models.CASCADE, related_name="deliveries", db_index=False, verbose_name=_("webhook")
    )
    event = models.CharField(_("event"), max_length=24, choices=HookEvent.choices)
    data = models.JSONField(_("data"))
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.WAITING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    tries_left = models.PositiveSmallIntegerField(_("attempts left"))
    due_at = models.DateTimeField(_("next attempt"))
    created_at = models.DateTimeField(_("created"), db_index=True)

    class Meta:
        verbose_name = _("webhook delivery")
        verbose_name_plural = _("webhook deliveries")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["endpoint", "created_at", "id"], name="hooks_newest"),
            models.Index(
                fields=["endpoint", "due_at"], condition=models.Q(status__in=["waiting", "sending"]), name="hooks_due"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.code}"


class HookAttempt(models.Model):
    """How one attempt went. `answer` is the HTTP status, null when there was none; `problem` is then the reason."""

    delivery = models.ForeignKey(HookDelivery, models.CASCADE, related_name="tries", verbose_name=_("webhook delivery"))
    number = models.PositiveSmallIntegerField(_("attempt"))
    at = models.DateTimeField(_("when"))
    milliseconds = models.PositiveIntegerField(_("milliseconds"))
    answer = models.PositiveSmallIntegerField(_("answer"), null=True)
    problem = models.CharField(_("problem"), max_length=20, blank=True)
    excerpt = models.CharField(_("beginning of the answer"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("webhook attempt")
        verbose_name_plural = _("webhook attempts")
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.number}: {self.answer or self.problem}"
