"""All stored secrets under the newest key. May be stopped and started again at any point."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings

from bots.models import Bot, SecondFactor
from bots.secrets import Secret

Result = Literal["rotated", "already new", "changed meanwhile", "unreadable"]


def secrets_to_rotate() -> int:
    return Bot.objects.count() + SecondFactor.objects.count()


def rotate() -> Iterator[tuple[Bot | SecondFactor, Result]]:
    """One sender after the other, retired ones too, then people's second factors; each is stored before the next
    begins."""
    newest = Fernet(settings.FIELD_ENCRYPTION_KEYS[0])
    for bot in Bot.objects.order_by("pk").iterator(chunk_size=200):
        yield bot, _rotated(bot, bot.auth_token, newest)
    for factor in SecondFactor.objects.order_by("pk").iterator(chunk_size=200):
        yield factor, _rotated(factor, factor.key, newest)


def _rotated(row: Bot | SecondFactor, secret: Secret, newest: Fernet) -> Result:
    if not secret or _opens(newest, secret):
        return "already new"
    try:
        fresh = secret.rotated()
    except InvalidToken:
        return "unreadable"
    # A token that was replaced meanwhile is already under the newest key, and is the one that counts.
    field = "auth_token" if isinstance(row, Bot) else "key"
    stored = type(row)._default_manager.filter(pk=row.pk, **{field: secret}).update(**{field: fresh})
    return "rotated" if stored else "changed meanwhile"


def _opens(key: Fernet, secret: Secret) -> bool:
    try:
        key.decrypt(secret.sealed.encode())
    except InvalidToken:
        return False
    return True
