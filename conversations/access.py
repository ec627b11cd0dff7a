"""The gatekeeper of conversations and messages."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import OuterRef, QuerySet, Subquery

from bots.access import as_code, found, restaurants_of
from bots.models import Membership, Restaurant
from conversations.models import Conversation, Message


def conversations_of(user: User | AnonymousUser) -> QuerySet[Conversation]:
    return Conversation.objects.filter(restaurant__in=restaurants_of(user))


def conversation_for(user: User | AnonymousUser, code: object) -> Conversation:
    """Raises Http404 for what is not there and for what is another restaurant's."""
    return found(conversations_of(user).select_related("restaurant", "bot"), code)


def conversation_in(restaurant: Restaurant, code: object) -> Conversation:
    """For callers that speak for this restaurant. Raises Http404."""
    return found(Conversation.objects.filter(restaurant=restaurant).select_related("restaurant", "bot"), code)


def message_in(restaurant: Restaurant, conversation: object, code: object) -> Message:
    """For callers that speak for this restaurant. Raises Http404, also for a message of another conversation."""
    rows = Message.objects.filter(conversation__restaurant=restaurant, conversation__code=as_code(conversation))
    full = rows.select_related("conversation__restaurant", "conversation__bot").defer("payload")
    return found(full.prefetch_related("media"), code)


def with_assignees(rows: QuerySet[Conversation]) -> QuerySet[Conversation]:
    """Each with `assignee_code`: under which code the restaurant knows who has it; None when nobody of it has."""
    members = Membership.objects.filter(user=OuterRef("assigned_to"), restaurant=OuterRef("restaurant"))
    return rows.annotate(assignee_code=Subquery(members.values("code")[:1]))
