"""The demo's restaurants, senders and people. `orders.demo` adds the menus and stores all of it."""

from __future__ import annotations

import json
import os
import secrets
import tempfile
import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import User

from bots.known import known_senders
from bots.models import Bot, Membership, Restaurant
from bots.numbers import canonical

_HOUSES = {
    "sufrah": {"name_ar": "سفرة", "phone": "+966112345600"},
    "ocean": {"name_ar": "مطعم شاورما وفلافل أوشن", "phone": "+966122345600"},
}
_OPERATOR = "operator"
# These passwords are random and long; slow hashing, which protects weak ones, comes with the first sign-in.
_QUICK = 10_000


class DemoRefused(RuntimeError):
    """The demo does not belong here."""


@dataclass(frozen=True, slots=True)
class Login:
    username: str
    password: str
    role: str


@dataclass(frozen=True, slots=True)
class DemoLogins:
    """`people` are those who are still there, in the order of their rights."""

    people: tuple[Login, ...]


def refuse_production() -> None:
    if settings.IS_PRODUCTION:
        raise DemoRefused("The demo is never loaded in production.")


def make_houses() -> dict[str, Restaurant]:
    """The demo restaurants that have never been here, made with sender and staff, by short name. Runs inside the
    caller's transaction. A restaurant that is here stays as people left it."""
    passwords = {login.username: login.password for login in _kept_logins()}
    made = {}
    for short, sender in known_senders().items():
        if _is_free(short, sender["whatsapp_number"]):
            made[short] = _make_house(short, sender, passwords)
    if len(made) == len(_HOUSES):
        _make_people([_OPERATOR], passwords, is_superuser=True, is_staff=True)
    return made


def logins() -> DemoLogins:
    """Who may sign in with what; the same at each start, kept in the data folder for its owner alone."""
    kept = _kept_logins()
    here = set(_demo_users(login.username for login in kept))
    return DemoLogins(tuple(login for login in kept if login.username in here))


def _is_free(short: str, number: str) -> bool:
    if Restaurant.objects.filter(code=_code(short)).exists():
        return False
    return not Bot.objects.filter(whatsapp_number=canonical(number), retired_at__isnull=True).exists()


def _code(short: str) -> uuid.UUID:
    """The same in every installation, so that a second load knows what the first one made."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"sufrah-demo:{short}")


def _make_house(short: str, sender: dict[str, str], passwords: dict[str, str]) -> Restaurant:
    fields = dict(sender)
    restaurant = Restaurant.objects.create(
        code=_code(short),
        name=fields.pop("restaurant_name"),
        support_contact=fields.get("support_contact", ""),
        **_HOUSES[short],
    )
    Bot.objects.create(
        restaurant=restaurant,
        account_sid=f"AC{secrets.token_hex(16)}",
        auth_token=secrets.token_hex(16),
        channel=Bot.Channel.SIMULATOR,
        **fields,
    )
    roles = (Membership.Role.OWNER, Membership.Role.AGENT)
    people = _make_people([f"{short}_{role}" for role in roles], passwords)
    Membership.objects.bulk_create(
        Membership(user=user, restaurant=restaurant, role=user.username.removeprefix(f"{short}_")) for user in people
    )
    return restaurant


def _make_people(usernames: list[str], passwords: dict[str, str], **rights: bool) -> list[User]:
    """Those whose name is free; a person who is called like that already keeps their own password."""
    taken = set(User.objects.filter(username__in=usernames).values_list("username", flat=True))
    return User.objects.bulk_create(
        User(username=name, email=_email(name), password=_hashed(passwords[name]), **rights)
        for name in usernames
        if name not in taken
    )


def _hashed(password: str) -> str:
    hasher = PBKDF2PasswordHasher()
    return hasher.encode(password, hasher.salt(), iterations=_QUICK)


def _email(username: str) -> str:
    return f"{username}@demo.invalid"


def _demo_users(usernames: Iterable[str]) -> list[str]:
    emails = [_email(name) for name in usernames]
    return list(User.objects.filter(email__in=emails, is_active=True).values_list("username", flat=True))


def _kept_logins() -> tuple[Login, ...]:
    """From the data folder. When the file is gone, new passwords are made and given to the demo's people."""
    path = settings.DATA_DIR / "demo_logins.json"
    if path.exists():
        return tuple(Login(**login) for login in json.loads(path.read_text("utf-8")))
    fresh = tuple(Login(name, secrets.token_urlsafe(9), role) for name, role in _names())
    _write(path, fresh)
    for login in fresh:
        User.objects.filter(username=login.username, email=_email(login.username)).update(
            password=_hashed(login.password)
        )
    return fresh


def _names() -> list[tuple[str, str]]:
    staff = [(f"{short}_{role}", f"{role} of {short.title()}") for short in _HOUSES for role in ("owner", "agent")]
    return [(_OPERATOR, "operator"), *staff]


def _write(path: Path, people: tuple[Login, ...]) -> None:
    """Whole or not at all, and readable by its owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump([asdict(login) for login in people], file)
    Path(draft).replace(path)


def active_people() -> bool:
    """Whether anybody of the demo could sign in."""
    return User.objects.filter(email__endswith=_email(""), is_active=True).exists()
