"""The gatekeeper of conversations and messages."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import QuerySet

from bots.access import found, restaurants_of
from bots.models import Restaurant
from conversations.models import Conversation


def conversations_of(user: User | AnonymousUser) -> QuerySet[Conversation]:
    return Conversation.objects.filter(restaurant__in=restaurants_of(user))


def conversation_for(user: User | AnonymousUser, code: object) -> Conversation:
    """Raises Http404 for what is not there and for what is another restaurant's."""
    return found(conversations_of(user).select_related("restaurant", "bot"), code)


def conversation_in(restaurant: Restaurant, code: object) -> Conversation:
    """For callers that speak for this restaurant. Raises Http404."""
    return found(Conversation.objects.filter(restaurant=restaurant).select_related("restaurant", "bot"), code)
