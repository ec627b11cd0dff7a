"""Tenants, their people and their senders."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from bots.hooks.models import HookAttempt, HookDelivery, HookEndpoint
from bots.secrets import SecretField
from bots.sign_in.models import RecoveryCode, SecondFactor, SignInSession, TryCount

__all__ = [
    "ApiToken",
    "AuditEvent",
    "Bot",
    "HookAttempt",
    "HookDelivery",
    "HookEndpoint",
    "IdempotentCall",
    "Membership",
    "RecoveryCode",
    "Restaurant",
    "SecondFactor",
    "SignInSession",
    "TryCount",
    "TwilioContent",
]


class Restaurant(models.Model):
    class Language(models.TextChoices):
        ARABIC = "ar", _("Arabic")
        ENGLISH = "en", _("English")

    code = models.UUIDField(_("code"), default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=120)
    name_ar = models.CharField(_("name in Arabic"), max_length=120, blank=True)
    phone = models.CharField(_("phone"), max_length=20, blank=True)
    timezone = models.CharField(_("time zone"), max_length=40, default="Asia/Riyadh")
    currency = models.CharField(_("currency"), max_length=3, default="SAR")
    language = models.CharField(_("language"), max_length=2, choices=Language.choices, default=Language.ARABIC)
    support_contact = models.CharField(_("support contact"), max_length=120, blank=True)
    session_idle_minutes = models.PositiveIntegerField(_("minutes of silence before a fresh start"), default=30)
    cart_hours = models.PositiveIntegerField(_("hours a cart is kept"), default=24)
    handoff_hours = models.PositiveIntegerField(_("hours a person has to answer before the bot is back"), default=2)
    minimum_order = models.DecimalField(_("minimum order"), max_digits=10, decimal_places=3, default=0)
    is_active = models.BooleanField(_("active"), default=True)
    has_hooks = models.BooleanField(_("has webhooks that are on"), default=False, db_default=False, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("restaurant")
        verbose_name_plural = _("restaurants")
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return (self.name_ar if get_language() == "ar" else self.name) or self.name


class Membership(models.Model):
    """A person's role in a restaurant. The database itself gives codes to rows that came before the field."""

    class Role(models.TextChoices):
        OWNER = "owner", _("owner")
        MANAGER = "manager", _("manager")
        AGENT = "agent", _("agent")

    code = models.UUIDField(_("code"), default=uuid.uuid4, db_default=RandomUUID(), unique=True, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships", verbose_name=_("user")
    )
    restaurant = models.ForeignKey(Restaurant, models.CASCADE, related_name="memberships", verbose_name=_("restaurant"))
    role = models.CharField(_("role"), max_length=10, choices=Role.choices, default=Role.AGENT)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("staff")
        constraints = [models.UniqueConstraint(fields=["user", "restaurant"], name="one_membership_each")]

    def __str__(self) -> str:
        return f"{self.user} · {self.restaurant}"


class Invitation(models.Model):
    """Whoever holds its signed link may join once, while `expires_at` lies ahead and who made it is an owner still."""

    code = models.UUIDField(_("code"), default=uuid.uuid4, unique=True, editable=False)
    restaurant = models.ForeignKey(Restaurant, models.CASCADE, related_name="invitations", verbose_name=_("restaurant"))
    email = models.EmailField(_("e-mail address"))
    role = models.CharField(_("role"), max_length=10, choices=Membership.Role.choices, default=Membership.Role.AGENT)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("made by")
    )
    created_at = models.DateTimeField(_("created"))
    expires_at = models.DateTimeField(_("expires"))
    accepted_at = models.DateTimeField(_("accepted"), null=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True)

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return self.email


class Bot(models.Model):
    """A WhatsApp sender. `whatsapp_number` is E.164; the number is unique among those that are not retired.

    `health` is what the last comparison with Twilio found at `health_at`, and `health_lines` is what differed, as
    `{what, expected, found}`, in no language.
    """

    class Status(models.TextChoices):
        PENDING = "PENDING", _("waiting")
        VERIFYING = "VERIFYING", _("being verified")
        ACTIVE = "ACTIVE", _("active")
        FAILED = "FAILED", _("failed")

    class Health(models.TextChoices):
        UNKNOWN = "unknown", _("never asked")
        GOOD = "good", _("as expected")
        DIFFERS = "differs", _("differs at Twilio")

    class Channel(models.TextChoices):
        TWILIO = "twilio", _("Twilio")
        SIMULATOR = "simulator", _("Simulator")

    code = models.UUIDField(_("code"), default=uuid.uuid4, unique=True, editable=False)
    restaurant = models.ForeignKey(Restaurant, models.PROTECT, related_name="bots", verbose_name=_("restaurant"))
    name = models.CharField(_("name"), max_length=120)
    whatsapp_number = models.CharField(_("WhatsApp number"), max_length=16)
    account_sid = models.CharField(_("account SID"), max_length=34)
    subaccount_sid = models.CharField(_("subaccount SID"), max_length=34, blank=True)
    auth_token = SecretField(_("auth token"))
    sender_sid = models.CharField(_("sender SID"), max_length=34, blank=True)
    waba_id = models.CharField(_("WhatsApp Business account"), max_length=32, blank=True)
    verification_sid = models.CharField(_("verification SID"), max_length=34, blank=True)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.ACTIVE)
    is_active = models.BooleanField(_("on"), default=True)
    verified_at = models.DateTimeField(_("verified"), null=True, blank=True)
    error_message = models.TextField(_("error"), blank=True)
    health = models.CharField(
        _("health"), max_length=7, choices=Health.choices, default="unknown", db_default="unknown", editable=False
    )
    health_at = models.DateTimeField(_("health asked"), null=True, editable=False)
    health_lines = models.JSONField(_("what differs"), default=list, db_default=[], editable=False)
    support_contact = models.CharField(_("support contact"), max_length=120, blank=True)
    payment_link = models.URLField(_("payment link"), blank=True)
    max_messages_per_min = models.PositiveIntegerField(_("messages a minute, at most"), default=60)
    max_messages_per_day = models.PositiveIntegerField(_("messages a day, at most"), default=1000)
    enforces_limits = models.BooleanField(_("hold messages back at these limits"), default=False, db_default=False)
    channel = models.CharField(_("channel"), max_length=10, choices=Channel.choices, default=Channel.TWILIO)
    retired_at = models.DateTimeField(_("retired"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("sender")
        verbose_name_plural = _("senders")
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["whatsapp_number"],
                condition=models.Q(retired_at__isnull=True),
                name="one_sender_a_number",
                violation_error_message=_("This number already has a sender."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.whatsapp_number})"

    @property
    def owning_account(self) -> str:
        """The account whose token signs and sends: the subaccount where there is one."""
        return self.subaccount_sid or self.account_sid


class TwilioContent(models.Model):
    """A content resource that an account already has. Contents belong to one account (Twilio, Content API)."""

    account_sid = models.CharField(max_length=34)
    fingerprint = models.CharField(max_length=64)
    content_sid = models.CharField(max_length=34)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("content resource")
        verbose_name_plural = _("content resources")
        constraints = [models.UniqueConstraint(fields=["account_sid", "fingerprint"], name="one_content_a_shape")]

    def __str__(self) -> str:
        return self.content_sid


class ApiToken(models.Model):
    """A key for another system. Only its SHA-256 digest is stored; without a restaurant it is an operator's."""

    class Scope(models.TextChoices):
        READ = "read", pgettext_lazy("what a token may do", "read")
        WRITE = "write", _("read and write")

    name = models.CharField(_("name"), max_length=80)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    prefix = models.CharField(_("begins with"), max_length=12, editable=False)
    restaurant = models.ForeignKey(
        Restaurant, models.CASCADE, null=True, blank=True, related_name="tokens", verbose_name=_("restaurant")
    )
    scope = models.CharField(_("scope"), max_length=5, choices=Scope.choices, default=Scope.READ)
    last_used_at = models.DateTimeField(_("last used"), null=True, editable=False)
    revoked_at = models.DateTimeField(_("revoked"), null=True, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("made by"),
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class AuditEvent(models.Model):
    """Who changed what, when; never with a secret. `changes` is `{field: [before, after]}`; `actor` is the name of the
    person or token, which stays when the account is deleted, and empty for a command or the house itself."""

    at = models.DateTimeField(_("when"), auto_now_add=True, db_index=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("who")
    )
    actor = models.CharField(_("who"), max_length=160, default="", db_default="", blank=True)
    restaurant = models.ForeignKey(
        Restaurant, models.SET_NULL, null=True, related_name="+", verbose_name=_("restaurant")
    )
    bot = models.ForeignKey(Bot, models.SET_NULL, null=True, related_name="+", db_index=False, verbose_name=_("sender"))
    action = models.CharField(_("action"), max_length=40)
    subject = models.CharField(_("of"), max_length=160)
    changes = models.JSONField(_("changes"), default=dict)

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit log")
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["bot", "-at", "-id"], name="audit_of_sender", condition=models.Q(bot__isnull=False))
        ]

    def __str__(self) -> str:
        return f"{self.action} · {self.subject}"


class IdempotentCall(models.Model):
    """A call that came with an Idempotency-Key; `status` and `answer` (JSON, letter for letter) are null until it is
    done. `owner` names the token, which may have no row."""

    owner = models.CharField(max_length=40)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    lease_until = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True)
    answer = models.TextField(null=True)
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("call with a key")
        verbose_name_plural = _("calls with a key")
        constraints = [models.UniqueConstraint(fields=["owner", "key"], name="one_call_a_key")]

    def __str__(self) -> str:
        return f"{self.owner} {self.created_at:%Y-%m-%d %H:%M}"
