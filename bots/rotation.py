"""All stored secrets under the newest key. May be stopped and started again at any point."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.db import transaction

from bots.audit import note
from bots.models import Bot, HookEndpoint, SecondFactor
from bots.secrets import Secret

Result = Literal["rotated", "already new", "changed meanwhile", "unreadable"]
Holder = Bot | HookEndpoint | SecondFactor
_FIELDS: dict[type[Holder], str] = {Bot: "auth_token", HookEndpoint: "secret", SecondFactor: "key"}


def secrets_to_rotate() -> int:
    return sum(kind._default_manager.count() for kind in _FIELDS)


def rotate() -> Iterator[tuple[Holder, Result]]:
    """One row after the other, retired senders too; each is stored before the next begins. A run that comes to its end
    is noted."""
    newest = Fernet(settings.FIELD_ENCRYPTION_KEYS[0])
    rotated = 0
    for kind, field in _FIELDS.items():
        for row in kind._default_manager.order_by("pk").iterator(chunk_size=200):
            result = _rotated(row, field, newest)
            rotated += result == "rotated"
            yield row, result
    if rotated:
        _note(rotated)


def _note(rotated: int) -> None:
    with transaction.atomic(durable=True):
        note("keys.rotated", "FIELD_ENCRYPTION_KEYS", user=None, restaurant=None, changes={"secrets": [None, rotated]})


def _rotated(row: Holder, field: str, newest: Fernet) -> Result:
    secret: Secret = getattr(row, field)
    if not secret or _opens(newest, secret):
        return "already new"
    try:
        fresh = secret.rotated()
    except InvalidToken:
        return "unreadable"
    # A secret that was replaced meanwhile is already under the newest key, and is the one that counts.
    stored = type(row)._default_manager.filter(pk=row.pk, **{field: secret}).update(**{field: fresh})
    return "rotated" if stored else "changed meanwhile"


def _opens(key: Fernet, secret: Secret) -> bool:
    try:
        key.decrypt(secret.sealed.encode())
    except InvalidToken:
        return False
    return True
