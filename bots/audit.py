"""Who changed what, kept for good and without secrets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from decimal import Decimal

from django.contrib.auth.models import User
from django.db import models

from bots.models import AuditEvent, Bot, Restaurant
from bots.secrets import Secret, SecretUnreadable

Changes = dict[str, list[object]]
Fields = dict[str, object]
_LONGEST = 160
_speaker: ContextVar[str] = ContextVar("speaker", default="")


def fields_of(row: models.Model, names: Iterable[str]) -> Fields:
    """The values of these fields at this moment, to be compared later."""
    return {name: getattr(row, name) for name in names}


def changes(before: Mapping[str, object], after: Mapping[str, object]) -> Changes:
    """`{field: [before, after]}` of what differs, as JSON values. A secret appears as “set” or “replaced”."""
    return {name: _told(before.get(name), value) for name, value in after.items() if not _same(before.get(name), value)}


@contextmanager
def one_call() -> Iterator[None]:
    """Until its end, whatever is noted without a user is done by whom `speak_as` names: a token, a command."""
    before = _speaker.set("")
    try:
        yield
    finally:
        _speaker.reset(before)


def speak_as(name: str) -> None:
    """Within `one_call`."""
    _speaker.set(name)


def note(action: str, subject: object, *, user: User | None, restaurant: Restaurant | None, changes: Changes) -> None:
    """One line of the audit log. Runs inside the caller's transaction; `user` is None for a command or the API,
    whose name `speak_as` has said. What is noted of a sender is found by it, also after it was renamed."""
    bot = subject if isinstance(subject, Bot) else None
    AuditEvent.objects.create(
        action=action,
        subject=str(subject)[:_LONGEST],
        bot=bot,
        user=user,
        actor=(_name_of(user) if user else _speaker.get())[:_LONGEST],
        restaurant=restaurant,
        changes=changes,
    )


def _name_of(user: User) -> str:
    """The user name, because full names are not unique, and the full name for people to read."""
    full = user.get_full_name()
    return f"{user.get_username()} ({full})" if full else user.get_username()


def _same(before: object, after: object) -> bool:
    if isinstance(before, Secret) and isinstance(after, Secret):
        return _opened(before) == _opened(after)
    return before == after or (before is None and not after)


def _opened(secret: Secret) -> str:
    """A secret whose key is lost differs from every other."""
    try:
        return secret.reveal()
    except SecretUnreadable:
        return secret.sealed


def _told(before: object, after: object) -> list[object]:
    if isinstance(after, Secret):
        return ["set", "replaced"] if before else ["", "set"]
    return [_plain(before), _plain(after)]


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal | models.Model):
        return str(value)
    return value
