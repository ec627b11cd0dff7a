"""The clock of changes. A version is when a row changed last, in milliseconds since 1970, and always more than it was:
so versions grow strictly in each row and may be compared between all of them, as far as the machines' clocks agree."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db.models import BigIntegerField, F, Value
from django.db.models.functions import Greatest

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(milliseconds=1)


def version_at(at: datetime) -> int:
    """What the clock shows at this moment."""
    return (at - _EPOCH) // _TICK


def moment_of(version: int) -> datetime:
    return _EPOCH + version * _TICK


def next_version(previous: int, at: datetime) -> int:
    """The version of a row that changes now; 0 is before the first."""
    return max(previous + 1, version_at(at))


def grown(at: datetime) -> Greatest:
    """The same as an expression, for an update of the column `version` in rows that nobody has locked."""
    return Greatest(F("version") + 1, Value(version_at(at)), output_field=BigIntegerField())
