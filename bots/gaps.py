"""What an environment lacks, in words. Pure, so that settings can ask before there is a Django to ask."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from cryptography.fernet import Fernet

PAT_LENGTH, PAT_VARIETY = 24, 10
# Names that never leave a machine or a network of one's own, or that nobody can have (RFC 2606, 6761, 6762, 9476).
_PRIVATE_ENDS = (
    *("localhost", "test", "local", "internal", "invalid", "home.arpa"),
    *("example", "example.com", "example.net", "example.org"),
)


@dataclass(frozen=True, slots=True)
class Gap:
    """`code` is that of the check; `hint` is what to do. Neither quotes a value: some are secrets."""

    code: str
    what: str
    hint: str

    def __str__(self) -> str:
        return f"{self.what} {self.hint} ({self.code})"


def gaps(found: Any) -> Iterator[Gap]:
    """`found` has the settings as attributes."""
    production = [_secret_key, _public_address, _database, _hosts, _fixed_token]
    checks: list[Callable[[Any], Iterator[Gap]]] = [_encryption_keys]
    for check in checks + (production if found.IS_PRODUCTION else [_private_address]):
        yield from check(found)


def _encryption_keys(found: Any) -> Iterator[Gap]:
    if not found.FIELD_ENCRYPTION_KEYS:
        yield Gap(
            "bots.E003",
            "FIELD_ENCRYPTION_KEYS is missing: the senders' tokens could be neither stored nor read.",
            "Set it to one or more Fernet keys, newest first, separated by commas. A new one: python -c "
            '"from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"',
        )
    wrong = [str(place) for place, key in enumerate(found.FIELD_ENCRYPTION_KEYS, start=1) if not _is_key(key)]
    if wrong:
        yield Gap(
            "bots.E004",
            f"In FIELD_ENCRYPTION_KEYS, number {', '.join(wrong)} is no Fernet key.",
            "A Fernet key is 32 random bytes in URL-safe base64: 44 characters that end with “=”.",
        )


def _is_key(key: str) -> bool:
    try:
        Fernet(key)
    except ValueError:
        return False
    return True


def _secret_key(found: Any) -> Iterator[Gap]:
    if found.SECRET_KEY in ("", "missing"):
        yield Gap(
            "bots.E005",
            "SECRET_KEY is missing: sessions could be forged.",
            'Set it to 50 or more random characters: python -c "import secrets; print(secrets.token_hex(32))"',
        )


def _public_address(found: Any) -> Iterator[Gap]:
    address = urlsplit(found.PUBLIC_BASE_URL)
    if address.scheme != "https" or not address.hostname or "_" in address.hostname:
        yield Gap(
            "bots.E006",
            "PUBLIC_BASE_URL is no address that Twilio calls.",
            "Set it to the https address that the world sees, for example https://bot.example.com. Its host "
            "must not have an underscore, and it must be the one that is set at Twilio: signatures are checked by it.",
        )


def _database(found: Any) -> Iterator[Gap]:
    if not found.HAS_DATABASE_URL:
        yield Gap(
            "bots.E007",
            "DATABASE_URL is missing: the embedded PostgreSQL is for laptops.",
            "Set it to a PostgreSQL server, version 15 or newer: postgresql://user:password@host:5432/sufrah",
        )


def _hosts(found: Any) -> Iterator[Gap]:
    if "*" in found.ALLOWED_HOSTS:
        yield Gap(
            "bots.E008",
            "ALLOWED_HOSTS lets every host in.",
            "Name the hosts that serve people; the host of PUBLIC_BASE_URL is always among them.",
        )


def _fixed_token(found: Any) -> Iterator[Gap]:
    token = found.DASHBOARD_PAT
    if token and (len(token) < PAT_LENGTH or len(set(token)) < PAT_VARIETY):
        yield Gap(
            "bots.E009",
            "DASHBOARD_PAT is weak: whoever guesses it is an operator.",
            'Leave it out, or set 32 random characters: python -c "import secrets; print(secrets.token_urlsafe(32))"',
        )


def _private_address(found: Any) -> Iterator[Gap]:
    if not _is_private(urlsplit(found.PUBLIC_BASE_URL).hostname or ""):
        yield Gap(
            "bots.E010",
            "PUBLIC_BASE_URL is an address of the world, and this is no production: the simulator would be open to "
            "everybody, without secure cookies or the operators' second factor.",
            "Set SUFRAH_ENV=production, or an address of this machine or network.",
        )


def _is_private(host: str) -> bool:
    try:
        return ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith(tuple(f".{end}" for end in _PRIVATE_ENDS))
