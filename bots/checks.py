"""Said at start, with what to do: a production that is not ready does not begin."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

ENVIRONMENTS = ("local", "test", "production")


@register(Tags.security)
def check_environment(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """bots.E002 to bots.E008. No message quotes a value: some are secrets."""
    production: list[Callable[[], Iterator[CheckMessage]]] = [_secret_key, _public_address, _database, _hosts]
    everywhere: list[Callable[[], Iterator[CheckMessage]]] = [_name, _encryption_keys]
    checks = everywhere + (production if settings.IS_PRODUCTION else [])
    return [found for check in checks for found in check()]


def _name() -> Iterator[CheckMessage]:
    if settings.SUFRAH_ENV not in ENVIRONMENTS:
        yield Error(
            "SUFRAH_ENV names no environment that we know.",
            hint=f"Set it to one of {', '.join(ENVIRONMENTS)}. What is production is said, never guessed.",
            id="bots.E002",
        )


def _encryption_keys() -> Iterator[CheckMessage]:
    if not settings.FIELD_ENCRYPTION_KEYS:
        yield Error(
            "FIELD_ENCRYPTION_KEYS is missing: the senders' tokens could be neither stored nor read.",
            hint="Set it to one or more Fernet keys, newest first, separated by commas. A new one: python -c "
            '"from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"',
            id="bots.E003",
        )
    wrong = [str(place) for place, key in enumerate(settings.FIELD_ENCRYPTION_KEYS, start=1) if not _is_key(key)]
    if wrong:
        yield Error(
            f"In FIELD_ENCRYPTION_KEYS, number {', '.join(wrong)} is no Fernet key.",
            hint="A Fernet key is 32 random bytes in URL-safe base64: 44 characters that end with “=”.",
            id="bots.E004",
        )


def _is_key(key: str) -> bool:
    try:
        Fernet(key)
    except ValueError:
        return False
    return True


def _secret_key() -> Iterator[CheckMessage]:
    if settings.SECRET_KEY in ("", "missing"):
        yield Error(
            "SECRET_KEY is missing: sessions could be forged.",
            hint='Set it to 50 or more random characters: python -c "import secrets; print(secrets.token_hex(32))"',
            id="bots.E005",
        )


def _public_address() -> Iterator[CheckMessage]:
    address = urlsplit(settings.PUBLIC_BASE_URL)
    if address.scheme != "https" or not address.hostname or "_" in address.hostname:
        yield Error(
            "PUBLIC_BASE_URL is no address that Twilio calls.",
            hint="Set it to the https address that the world sees, for example https://bot.example.com. Its host "
            "must not have an underscore, and it must be the one that is set at Twilio: signatures are checked by it.",
            id="bots.E006",
        )


def _database() -> Iterator[CheckMessage]:
    if not settings.HAS_DATABASE_URL:
        yield Error(
            "DATABASE_URL is missing: the embedded PostgreSQL is for laptops.",
            hint="Set it to a PostgreSQL server, version 15 or newer: postgresql://user:password@host:5432/sufrah",
            id="bots.E007",
        )


def _hosts() -> Iterator[CheckMessage]:
    if "*" in settings.ALLOWED_HOSTS:
        yield Error(
            "ALLOWED_HOSTS lets every host in.",
            hint="Name the hosts that serve people; the host of PUBLIC_BASE_URL is always among them.",
            id="bots.E008",
        )


@register(Tags.security, deploy=True)
def check_proxies(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """bots.E020, of `check --deploy`: sign-ins and calls are counted by address, so whose address is seen must be
    said."""
    if not settings.IS_PRODUCTION or settings.TRUSTED_PROXIES_SAID:
        return []
    return [
        Error(
            "TRUSTED_PROXIES is not set: behind a proxy all visitors would share one address, and one who guesses "
            "passwords would make everybody wait.",
            hint="Set it to the number of your proxies that append to X-Forwarded-For: 1 behind one proxy, 0 where "
            "visitors reach the web server itself.",
            id="bots.E020",
        )
    ]
