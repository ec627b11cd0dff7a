"""What is kept of signing in: second factors, recovery codes, sessions, and counts of tries."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.utils.translation import gettext_lazy as _

from bots.secrets import SecretField


class SecondFactor(models.Model):
    """A person's key for codes that change. `last_step` is that of the last code used, which does not work again."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("user"))
    key = SecretField(_("key"))
    confirmed_at = models.DateTimeField(_("on since"), null=True)
    last_step = models.BigIntegerField(default=0)
    misses = models.PositiveIntegerField(default=0)
    missed_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "bots"
        verbose_name = _("second factor")
        verbose_name_plural = _("second factors")

    def __str__(self) -> str:
        return str(self.user)


class RecoveryCode(models.Model):
    """Opens once where the app is lost. Only its SHA-256 digest is stored; 66 random bits need no salt."""

    factor = models.ForeignKey(SecondFactor, models.CASCADE, related_name="recovery_codes")
    digest = models.CharField(max_length=64)
    used_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "bots"
        verbose_name = _("recovery code")
        verbose_name_plural = _("recovery codes")

    def __str__(self) -> str:
        return f"{self.factor} {self.pk}"


class SignInSession(AbstractBaseSession):
    """As Django's own, and it says whose it is, so that all of one person end without opening everybody's. No foreign
    key: a session is written at sign-in and must not wait for whoever changes the person's row."""

    person_id = models.BigIntegerField(null=True, db_index=True)

    class Meta(AbstractBaseSession.Meta):
        app_label = "bots"

    @classmethod
    def get_session_store_class(cls) -> Any:
        return import_module(settings.SESSION_ENGINE).SessionStore


class TryCount(models.Model):
    """How often somebody tried in vain. `who` is a keyed digest of what is counted: people type passwords into the
    field for the name. `until` is when the next try counts again."""

    who = models.CharField(max_length=64, primary_key=True)
    misses = models.PositiveIntegerField()
    missed_at = models.DateTimeField(db_index=True)
    until = models.DateTimeField(null=True)

    class Meta:
        app_label = "bots"
        verbose_name = _("count of tries")
        verbose_name_plural = _("counts of tries")

    def __str__(self) -> str:
        return self.who[:8]
