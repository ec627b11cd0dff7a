"""Secrets at rest: Fernet with rotation. A secret shows itself only to who says `reveal()`."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models


class SecretUnreadable(RuntimeError):
    """No key in FIELD_ENCRYPTION_KEYS opens this secret."""


@lru_cache(maxsize=4)
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def fernet() -> MultiFernet:
    """Encrypts with the newest key, opens with any of them."""
    return _fernet(tuple(settings.FIELD_ENCRYPTION_KEYS))


class Secret:
    """An encrypted value that prints as “hidden” wherever it goes by mistake."""

    __slots__ = ("sealed",)

    def __init__(self, sealed: str) -> None:
        self.sealed = sealed

    @classmethod
    def of(cls, plain: str) -> Secret:
        return cls(fernet().encrypt(plain.encode()).decode() if plain else "")

    def reveal(self) -> str:
        """The plain value. Raises SecretUnreadable when its key is missing."""
        if not self.sealed:
            return ""
        try:
            return fernet().decrypt(self.sealed.encode()).decode()
        except InvalidToken as error:
            raise SecretUnreadable(
                "A stored secret cannot be read: add the key that it was written with to FIELD_ENCRYPTION_KEYS."
            ) from error

    def rotated(self) -> Secret:
        """The same secret under the newest key."""
        return Secret(fernet().rotate(self.sealed.encode()).decode()) if self.sealed else self

    def __bool__(self) -> bool:
        return bool(self.sealed)

    def __str__(self) -> str:
        return "hidden" if self.sealed else ""

    def __repr__(self) -> str:
        return f"Secret({str(self)!r})"


# Fields are generic to the type checker alone.
if TYPE_CHECKING:
    _Field = models.Field[Secret | str, Secret]
else:
    _Field = models.Field


class SecretField(_Field):
    """Stores a Secret; a plain string that is assigned is sealed on its way to the database."""

    def get_internal_type(self) -> str:
        return "TextField"

    def from_db_value(self, value: str | None, *_: object) -> Secret | None:
        return None if value is None else Secret(value)

    def to_python(self, value: Any) -> Secret | None:
        return value if value is None or isinstance(value, Secret) else Secret.of(str(value))

    def get_prep_value(self, value: Any) -> str | None:
        secret = self.to_python(value)
        return None if secret is None else secret.sealed

    def value_to_string(self, obj: models.Model) -> str:
        return str(self.value_from_object(obj) or "")
