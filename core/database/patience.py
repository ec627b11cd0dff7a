"""How long a caller waits for the database. A server that hangs without closing its connections never says so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic

_ends_at: ContextVar[float | None] = ContextVar("patience ends at", default=None)
_usual: float | None = None


def set_usual_patience(seconds: float) -> None:
    """For each statement of this process, once and for all: who serves people and jobs does not wait for ever. A
    command that never says so, such as `migrate`, takes the time that it takes."""
    global _usual
    _usual = seconds


@contextmanager
def database_within(seconds: float) -> Iterator[None]:
    """All that this block asks of the database, the waiting for a connection included, together takes no longer; what
    does raises OperationalError, and its connection is given up. Longer than usual is allowed as well."""
    token = _ends_at.set(monotonic() + seconds)
    try:
        yield
    finally:
        _ends_at.reset(token)


def patience_left() -> float | None:
    """Seconds; None is without end."""
    ends_at = _ends_at.get()
    return _usual if ends_at is None else max(ends_at - monotonic(), 0.001)
