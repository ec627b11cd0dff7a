"""A person's desk: the restaurants one works for, and the one on the screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser, User

from bots.access import restaurants_of
from bots.models import Restaurant


@dataclass(frozen=True, slots=True)
class Desk:
    restaurants: Sequence[Restaurant]
    restaurant: Restaurant

    @property
    def has_several(self) -> bool:
        return len(self.restaurants) > 1

    def moved_to(self, restaurant: Restaurant) -> Desk:
        return Desk(self.restaurants, restaurant)


def desk_of(user: User | AnonymousUser, chosen: str | None) -> Desk | None:
    """`chosen` is the code of the restaurant looked at last; one that is not theirs (any more) gives way to their
    first. None for a person who works nowhere. One query."""
    restaurants = list(restaurants_of(user))
    if not restaurants:
        return None
    return Desk(restaurants, next((r for r in restaurants if str(r.code) == chosen), restaurants[0]))
