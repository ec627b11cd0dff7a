"""The gatekeepers: an id from outside becomes an object here or nowhere. “Not yours” and “not there” are both 404."""

from __future__ import annotations

from typing import TypeVar
from uuid import UUID

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Model, QuerySet
from django.http import Http404

from bots.models import Bot, Membership, Restaurant

M = TypeVar("M", bound=Model)


def as_code(text: object) -> UUID:
    """A public code. Raises Http404 for what cannot be one."""
    try:
        return text if isinstance(text, UUID) else UUID(str(text))
    except ValueError as error:
        raise Http404 from error


def found(rows: QuerySet[M], code: object) -> M:
    """The row of this code among these rows. Raises Http404."""
    row = rows.filter(code=as_code(code)).first()
    if row is None:
        raise Http404
    return row


def restaurants_of(user: User | AnonymousUser) -> QuerySet[Restaurant]:
    """Those that this person works for. Operators work in the admin; here they see what they are a member of."""
    if not user.is_authenticated or not user.is_active:
        return Restaurant.objects.none()
    return Restaurant.objects.filter(memberships__user_id=user.pk, is_active=True)


def restaurant_for(user: User | AnonymousUser, code: object) -> Restaurant:
    return found(restaurants_of(user), code)


def role_in(user: User | AnonymousUser, restaurant: Restaurant) -> str | None:
    """owner, manager, agent, or None for a stranger."""
    if not user.is_authenticated:
        return None
    return Membership.objects.filter(user_id=user.pk, restaurant=restaurant).values_list("role", flat=True).first()


def bot_for(user: User | AnonymousUser, code: object) -> Bot:
    return found(Bot.objects.filter(restaurant__in=restaurants_of(user)), code)


def any_restaurant(code: object) -> Restaurant:
    """For operators alone: whoever calls has made sure of that."""
    return found(Restaurant.objects.all(), code)


def any_bot(code: object) -> Bot:
    """For operators alone. A retired sender is not there any more."""
    return found(Bot.objects.filter(retired_at__isnull=True).select_related("restaurant"), code)


def bots_in(restaurant: Restaurant) -> QuerySet[Bot]:
    """The restaurant's senders that are not retired; whoever calls has made sure of the restaurant."""
    return Bot.objects.filter(restaurant=restaurant, retired_at__isnull=True)
