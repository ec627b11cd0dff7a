"""A clock of the tests' own: it shows what it is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

NOW = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)


def clock(at: datetime | None = None) -> Callable[[], datetime]:
    """Always the same moment; without one, far enough ahead that whatever waits is due."""
    return lambda: at or datetime(2100, 1, 1, tzinfo=UTC)


def later(**amount: float) -> datetime:
    return NOW + timedelta(**amount)
