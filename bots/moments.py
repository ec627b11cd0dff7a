"""Moments: what somebody wrote into an address, and the database's own clock."""

from __future__ import annotations

from datetime import MAXYEAR, MINYEAR, UTC, datetime

from django.db.models import DateTimeField, Func


class DatabaseClock(Func):
    """This very moment. One clock for all machines, and read while the row is written: behind a lock, rows have
    their times in the order of their ids (`now()` is when the transaction began, which may have waited since)."""

    function = "clock_timestamp"
    output_field = DateTimeField()


def moment_in(text: str) -> datetime:
    """An ISO 8601 moment with its zone, in UTC. Raises ValueError for what is none, and for the edges of the calendar
    (the years 1 and 9999), where reckoning in another zone falls off."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("A moment needs its zone")
    if moment.year in (MINYEAR, MAXYEAR):
        raise ValueError("A moment lies between the years 2 and 9998")
    return moment.astimezone(UTC)
