"""The gatekeeper of orders."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import QuerySet
from django.http import Http404

from bots.access import as_code, found, restaurants_of
from bots.models import Restaurant
from orders.models import Item, Order


def orders_in_conversation(user: User | AnonymousUser, conversation: object) -> QuerySet[Order]:
    """Raises Http404 when the conversation is not there or another restaurant's."""
    if not restaurants_of(user).filter(conversations__code=as_code(conversation)).exists():
        raise Http404
    return orders_of(user).filter(conversation__code=as_code(conversation))


def orders_of(user: User | AnonymousUser) -> QuerySet[Order]:
    return Order.objects.filter(restaurant__in=restaurants_of(user))


def order_for(user: User | AnonymousUser, code: object) -> Order:
    """Raises Http404 for what is not there and for what is another restaurant's."""
    return found(orders_of(user).select_related("restaurant", "branch", "conversation"), code)


def order_in(restaurant: Restaurant, code: object) -> Order:
    """For callers that speak for this restaurant. Raises Http404."""
    return found(
        Order.objects.filter(restaurant=restaurant).select_related("restaurant", "branch", "conversation"), code
    )


def item_in(restaurant: Restaurant, code: object) -> Item:
    """For callers that speak for this restaurant. Raises Http404."""
    return found(Item.objects.filter(restaurant=restaurant).select_related("restaurant"), code)
