"""Passwords are hashed slowly on purpose, and therefore a few at a time: whoever floods the sign-in must not take the
threads and processors that answer Twilio."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from django.contrib.auth.hashers import PBKDF2PasswordHasher

# In each process. A line of two holds three threads at the very most, and some seconds.
AT_ONCE = 1
IN_LINE = 2
PATIENCE_SECONDS = 5.0

_at_work = BoundedSemaphore(AT_ONCE)
_here = BoundedSemaphore(AT_ONCE + IN_LINE)


class TooManyAtOnce(Exception):
    """Others are at it; in a moment there is room again. Nothing was hashed."""


class PatientHasher(PBKDF2PasswordHasher):
    """Django's own, in turn. Raises TooManyAtOnce. Whatever hashes or checks a password comes through here, so no door
    can be forgotten; what it writes is what Django's writes."""

    def encode(self, password: str, salt: str, iterations: int | None = None) -> str:
        with _turn():
            return super().encode(password, salt, iterations)


def refuse_when_full() -> None:
    """For doors, before they ask the database anything. Raises TooManyAtOnce."""
    if not _here.acquire(blocking=False):
        raise TooManyAtOnce
    _here.release()


@contextmanager
def _turn() -> Iterator[None]:
    """Raises TooManyAtOnce at once when the line is full, and when it does not move."""
    if not _here.acquire(blocking=False):
        raise TooManyAtOnce
    try:
        if not _at_work.acquire(timeout=PATIENCE_SECONDS):
            raise TooManyAtOnce
        try:
            yield
        finally:
            _at_work.release()
    finally:
        _here.release()
