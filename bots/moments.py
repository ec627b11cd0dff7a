"""Moments that somebody wrote into an address."""

from __future__ import annotations

from datetime import MAXYEAR, MINYEAR, UTC, datetime


def moment_in(text: str) -> datetime:
    """An ISO 8601 moment with its zone, in UTC. Raises ValueError for what is none, and for the edges of the calendar
    (the years 1 and 9999), where reckoning in another zone falls off."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("A moment needs its zone")
    if moment.year in (MINYEAR, MAXYEAR):
        raise ValueError("A moment lies between the years 2 and 9998")
    return moment.astimezone(UTC)
