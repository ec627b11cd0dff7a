"""What a listener missed while it was away. Every room says it of its own rows; the house puts the rooms together."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from bots.live import Announcement
from bots.models import Bot, Restaurant
from bots.versions import moment_of, version_at

# A change has its version before it is committed, and the clocks of machines differ.
MARGIN = timedelta(minutes=1)
LONGEST = timedelta(days=1)
MOST = 500


class Missed(Protocol):
    def __call__(self, restaurant_ids: Collection[int], since: int, limit: int) -> list[Announcement]:
        """What changed in these restaurants at or after this version, in any order. More than `limit` is the same as
        all of it: the listener will be told to fetch again."""


def missed(restaurant_ids: Collection[int], since: int, limit: int) -> list[Announcement]:
    """Of senders; those that are gone for good were said once."""
    rows = Bot.objects.filter(restaurant_id__in=restaurant_ids, updated_at__gte=moment_of(since))
    found = rows.order_by().values_list("restaurant__code", "updated_at", "code")[:limit]
    return [Announcement("bot.status", str(of), version_at(at), {"botId": str(code)}) for of, at, code in found]


def catch_up(rooms: Sequence[Missed], codes: Collection[str], since: int, now: datetime) -> list[Announcement] | None:
    """What changed in the restaurants of these codes since this version or in the minute before it, oldest first. None
    when that is too much, too long ago or still to come: then everything must be fetched again."""
    if not version_at(now - LONGEST) <= since <= version_at(now + MARGIN):
        return None
    restaurant_ids = list(Restaurant.objects.filter(code__in=codes).values_list("pk", flat=True))
    begin, found = version_at(moment_of(since) - MARGIN), list[Announcement]()
    for room in rooms:
        found += room(restaurant_ids, begin, MOST + 1 - len(found))
        if len(found) > MOST:
            return None
    return sorted(found, key=lambda said: said.version)
