"""What was said: one conversation a customer and sender, its messages in the order in which they were stored."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from bots.moments import DatabaseClock


class Conversation(models.Model):
    """`customer_address` is what Twilio sends in `From`, without its prefix: a number or a hidden customer's id."""

    class Status(models.TextChoices):
        ACTIVE = "active", _("active")
        CLOSED = "closed", _("closed")

    class HandoffReason(models.TextChoices):
        """Why the bot called a person; the talk's own words."""

        ASKED = "asked", _("The customer asked for a person.")
        MISUNDERSTOOD = "misunderstood", _("The bot did not understand the customer.")
        LOOPING = "looping", _("The talk went round in circles; perhaps an automatic reply is at the other end.")

    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    restaurant = models.ForeignKey(
        "bots.Restaurant", models.PROTECT, related_name="conversations", verbose_name=_("restaurant")
    )
    bot = models.ForeignKey("bots.Bot", models.PROTECT, related_name="conversations", verbose_name=_("sender"))
    customer_address = models.CharField(_("customer's address"), max_length=160)
    external_user_id = models.CharField(_("customer's external id"), max_length=160, null=True, blank=True)
    customer_phone = models.CharField(_("customer's phone"), max_length=16, null=True, blank=True)
    customer_name = models.CharField(_("customer's name"), max_length=255, blank=True)
    language = models.CharField(_("language"), max_length=2, blank=True)
    status = models.CharField(_("status"), max_length=8, choices=Status.choices, default=Status.ACTIVE)
    is_bot_active = models.BooleanField(_("bot answers"), default=True)
    needs_attention = models.BooleanField(_("needs a person"), default=False)
    handoff_reason = models.CharField(
        _("why a person"), max_length=14, choices=HandoffReason.choices, blank=True, default="", db_default=""
    )
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("assigned to"),
    )
    handoff_until = models.DateTimeField(_("bot is back at"), null=True, blank=True)
    handed_back_at = models.DateTimeField(_("given back to the bot"), null=True, blank=True)
    unread_count = models.PositiveIntegerField(_("unread"), default=0)
    last_message_at = models.DateTimeField(_("last message"))
    last_inbound_at = models.DateTimeField(_("customer's last message"), null=True, blank=True)
    version = models.PositiveBigIntegerField(default=0, db_default=0, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
        ordering = ["-last_message_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["bot", "customer_address"], name="one_conversation_a_customer"),
            models.UniqueConstraint(
                fields=["bot", "external_user_id"],
                condition=models.Q(external_user_id__isnull=False),
                name="one_conversation_an_external_id",
            ),
        ]
        indexes = [
            models.Index(fields=["restaurant", "-last_message_at", "-id"], name="conversations_newest"),
            models.Index(fields=["restaurant", "version"], name="conversations_changed"),
            models.Index(
                fields=["handoff_until"],
                name="conversations_handoff_due",
                condition=models.Q(handoff_until__isnull=False),
            ),
            models.Index(
                fields=["-last_message_at"],
                name="conversations_for_a_person",
                condition=models.Q(needs_attention=True),
            ),
            models.Index(
                fields=["handed_back_at"],
                name="conversations_handed_back",
                condition=models.Q(handed_back_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.customer_name or self.customer_phone or self.customer_address


class Message(models.Model):
    """One message, in or out. `id` is the order within the conversation.

    Inbound: `handled_at` is null until its turn is over. Outbound: `answers` and `position` name the turn that said
    it and its place there, unique together, so that a turn cannot speak twice.
    """

    class Direction(models.TextChoices):
        IN = "IN", _("in")
        OUT = "OUT", _("out")

    class Author(models.TextChoices):
        CUSTOMER = "customer", _("customer")
        BOT = "bot", _("bot")
        STAFF = "staff", _("staff")

    class Status(models.TextChoices):
        RECEIVED = "received", _("received")
        QUEUED = "queued", _("waiting")
        SENDING = "sending", _("being sent")
        ACCEPTED = "accepted", _("on its way")
        SENT = "sent", _("sent")
        DELIVERED = "delivered", _("delivered")
        READ = "read", _("read")
        FAILED = "failed", _("failed")
        UNDELIVERED = "undelivered", _("not delivered")

    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    restaurant = models.ForeignKey("bots.Restaurant", models.PROTECT, related_name="+", verbose_name=_("restaurant"))
    bot = models.ForeignKey(
        "bots.Bot", models.PROTECT, related_name="messages", db_index=False, verbose_name=_("sender")
    )
    conversation = models.ForeignKey(
        Conversation, models.PROTECT, related_name="messages", verbose_name=_("conversation")
    )
    direction = models.CharField(_("direction"), max_length=3, choices=Direction.choices)
    author = models.CharField(_("author"), max_length=8, choices=Author.choices)
    author_user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("written by")
    )
    kind = models.CharField(_("kind"), max_length=20)
    body = models.TextField(_("text"), blank=True)
    content = models.JSONField(_("content"), null=True, blank=True)
    payload = models.JSONField(_("as received"), null=True, blank=True)
    provider_sid = models.CharField(_("provider's id"), max_length=64, null=True, blank=True)
    status = models.CharField(_("status"), max_length=11, choices=Status.choices)
    error_code = models.CharField(_("error code"), max_length=12, blank=True)
    error_reason = models.CharField(_("reason"), max_length=300, blank=True)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(_("next attempt"), null=True, blank=True)
    lease_until = models.DateTimeField(_("claimed until"), null=True, blank=True)
    answers = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="replies", verbose_name=_("answers")
    )
    position = models.PositiveSmallIntegerField(_("place in the turn"), default=0)
    handled_at = models.DateTimeField(_("handled"), null=True, blank=True)
    turn_attempts = models.PositiveIntegerField(_("tries to answer"), default=0)
    turn_error = models.TextField(_("why the bot could not answer"), blank=True)
    received_at = models.DateTimeField(_("received"), null=True, blank=True)
    version = models.PositiveBigIntegerField(default=0, db_default=0, editable=False)
    created_at = models.DateTimeField(_("created"), db_default=DatabaseClock(), editable=False)

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["bot", "provider_sid"],
                condition=models.Q(provider_sid__isnull=False),
                name="one_message_a_provider_sid",
            ),
            models.UniqueConstraint(
                fields=["answers", "position"],
                condition=models.Q(answers__isnull=False),
                name="one_reply_a_place",
            ),
        ]
        indexes = [
            models.Index(fields=["conversation", "id"], name="messages_of_conversation"),
            models.Index(fields=["restaurant", "version"], name="messages_changed"),
            models.Index(
                fields=["conversation", "id"],
                name="messages_unhandled",
                condition=models.Q(direction="IN", handled_at__isnull=True),
            ),
            models.Index(
                fields=["conversation", "id"],
                name="messages_waiting",
                condition=models.Q(status__in=["queued", "sending"]),
            ),
            models.Index(fields=["conversation", "id"], name="messages_parked", condition=~models.Q(turn_error="")),
            models.Index(fields=["bot", "direction", "created_at"], name="messages_of_sender"),
            models.Index(
                fields=["bot", "-created_at"],
                include=["error_code"],
                name="messages_failed",
                condition=models.Q(status__in=["failed", "undelivered"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.direction} {self.code}"


class Media(models.Model):
    """A picture, sound or document of a message. `provider_url` needs the account's credentials to be read."""

    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    message = models.ForeignKey(Message, models.CASCADE, related_name="media", verbose_name=_("message"))
    position = models.PositiveSmallIntegerField(default=0)
    provider_url = models.URLField(max_length=500)
    content_type = models.CharField(_("type"), max_length=100)
    name = models.CharField(_("file name"), max_length=255, blank=True)

    class Meta:
        verbose_name = _("media")
        verbose_name_plural = _("media")
        constraints = [models.UniqueConstraint(fields=["message", "position"], name="one_media_a_place")]

    def __str__(self) -> str:
        return self.name or self.content_type


class SendCount(models.Model):
    """How many messages a sender has sent in the running minute and day; see `quotas.py`."""

    bot = models.OneToOneField("bots.Bot", models.CASCADE, primary_key=True, related_name="+")
    minute_from = models.DateTimeField()
    in_minute = models.PositiveIntegerField()
    day_from = models.DateTimeField()
    in_day = models.PositiveIntegerField()

    class Meta:
        verbose_name = _("messages sent")
        verbose_name_plural = _("messages sent")

    def __str__(self) -> str:
        return f"{self.in_minute} / {self.in_day}"


class StatusReport(models.Model):
    """A status that the provider reported, kept as it came; without `message` until the sid is known."""

    bot = models.ForeignKey("bots.Bot", models.CASCADE, related_name="+")
    message = models.ForeignKey(Message, models.CASCADE, null=True, related_name="reports")
    provider_sid = models.CharField(max_length=64)
    status = models.CharField(max_length=20)
    error_code = models.CharField(max_length=12, blank=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("status report")
        verbose_name_plural = _("status reports")
        constraints = [models.UniqueConstraint(fields=["bot", "provider_sid", "status"], name="one_report_a_status")]

    def __str__(self) -> str:
        return f"{self.provider_sid} {self.status}"
