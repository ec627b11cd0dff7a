"""A person's desk: the restaurants one works for, and the one on the screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import F

from bots.access import restaurants_of
from bots.models import Membership, Restaurant


@dataclass(frozen=True, slots=True)
class Desk:
    restaurants: Sequence[Restaurant]
    restaurant: Restaurant
    roles: Mapping[int, str] = field(default_factory=dict)

    @property
    def has_several(self) -> bool:
        return len(self.restaurants) > 1

    @property
    def is_owners(self) -> bool:
        return self.roles.get(self.restaurant.pk) == Membership.Role.OWNER

    @property
    def sees_team(self) -> bool:
        return self.is_owners or self.roles.get(self.restaurant.pk) == Membership.Role.MANAGER

    def moved_to(self, restaurant: Restaurant) -> Desk:
        return Desk(self.restaurants, restaurant, self.roles)


def desk_of(user: User | AnonymousUser, chosen: str | None) -> Desk | None:
    """`chosen` is the code of the restaurant looked at last; one that is not theirs (any more) gives way to their
    first. None for a person who works nowhere. One query."""
    rows = list(restaurants_of(user).annotate(role=F("memberships__role")))
    if not rows:
        return None
    roles = {row.pk: row.role for row in rows}
    return Desk(rows, next((row for row in rows if str(row.code) == chosen), rows[0]), roles)
