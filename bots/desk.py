"""A person's desk: the restaurants one works for, and the one on the screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Exists, F, OuterRef
from django.http import Http404

from bots.access import as_code, restaurants_of
from bots.hooks.models import HookEndpoint
from bots.models import Membership, Restaurant
from bots.needs import Need, lacks_of, with_needs


@dataclass(frozen=True, slots=True)
class Desk:
    restaurants: Sequence[Restaurant]
    restaurant: Restaurant
    roles: Mapping[int, str] = field(default_factory=dict)
    unheard: frozenset[int] = frozenset()

    @property
    def has_several(self) -> bool:
        return len(self.restaurants) > 1

    @property
    def is_owners(self) -> bool:
        return self.roles.get(self.restaurant.pk) == Membership.Role.OWNER

    @property
    def sees_team(self) -> bool:
        return self.is_owners or self.roles.get(self.restaurant.pk) == Membership.Role.MANAGER

    @property
    def misses_a_webhook(self) -> bool:
        """One of the restaurant's own systems is told nothing any more, because it failed for too long."""
        return self.restaurant.pk in self.unheard

    @property
    def query(self) -> str:
        """What the address of a page says about the restaurant; of one alone nothing has to be said."""
        return f"?restaurant={self.restaurant.code}" if self.has_several else ""

    @property
    def also(self) -> str:
        """The same behind other words of a query."""
        return f"&restaurant={self.restaurant.code}" if self.has_several else ""

    @property
    def lacks(self) -> list[Need]:
        """What keeps customers of the restaurant from ordering."""
        return lacks_of(next(row for row in self.restaurants if row.pk == self.restaurant.pk))

    def moved_to(self, restaurant: Restaurant) -> Desk:
        return replace(self, restaurant=restaurant)

    def at(self, code: object) -> Desk:
        """The desk with this restaurant on it. Raises Http404 for one that is not theirs."""
        wanted = as_code(code)
        for restaurant in self.restaurants:
            if restaurant.code == wanted:
                return self.moved_to(restaurant)
        raise Http404


def desk_of(user: User | AnonymousUser, chosen: str | None) -> Desk | None:
    """`chosen` is the code of the restaurant looked at last; one that is not theirs (any more) gives way to their
    first. None for a person who works nowhere. One query."""
    failing = HookEndpoint.objects.filter(restaurant=OuterRef("pk"), off_reason=HookEndpoint.Off.FAILING)
    rows = list(with_needs(restaurants_of(user)).annotate(role=F("memberships__role"), is_unheard=Exists(failing)))
    if not rows:
        return None
    roles = {row.pk: row.role for row in rows}
    unheard = frozenset(row.pk for row in rows if row.is_unheard)
    return Desk(rows, next((row for row in rows if str(row.code) == chosen), rows[0]), roles, unheard)
