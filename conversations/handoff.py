"""Who speaks: the bot or a person. Every change says so to the pages that listen."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F

from bots.jobs import wake
from bots.live import announce
from conversations.models import Conversation


def take_over(conversation: Conversation, user: User | None, *, at: datetime) -> None:
    """A person owns the conversation from now on, until it is handed back; the bot is silent."""
    with transaction.atomic(durable=True):
        _change(
            conversation,
            at,
            is_bot_active=False,
            assigned_to=user,
            handoff_until=None,
            handed_back_at=None,
            needs_attention=False,
        )


def ask_for_staff(conversation: Conversation, *, at: datetime) -> None:
    """The customer asked for a person: the bot falls silent, but comes back by itself if nobody answers in time.
    Runs inside the caller's transaction."""
    hours = conversation.restaurant.handoff_hours
    _change(
        conversation,
        at,
        is_bot_active=False,
        assigned_to=None,
        handoff_until=at + timedelta(hours=hours),
        needs_attention=True,
    )


def hand_back(conversation: Conversation, *, at: datetime) -> bool:
    """The bot speaks again, and says so. Returns False when it spoke already."""
    with transaction.atomic(durable=True):
        locked = Conversation.objects.select_for_update(no_key=True).get(pk=conversation.pk)
        if locked.is_bot_active:
            return False
        _change(
            conversation,
            at,
            is_bot_active=True,
            assigned_to=None,
            handoff_until=None,
            handed_back_at=at,
            needs_attention=False,
        )
        wake("talk_again", conversation_id=conversation.pk)
        return True


def resume(conversation: Conversation, *, at: datetime) -> None:
    """The customer called the bot back before anybody took over. Runs inside the caller's transaction."""
    _change(conversation, at, is_bot_active=True, handoff_until=None, needs_attention=False)


def return_overdue(now: datetime, most: int = 200) -> int:
    """Gives back to the bot what nobody answered in time; returns how many conversations."""
    due = Conversation.objects.filter(handoff_until__lte=now).select_related("restaurant").order_by("handoff_until")
    return sum(hand_back(conversation, at=now) for conversation in due[:most])


def mark_read(conversation: Conversation, *, at: datetime) -> None:
    """Nothing is unread any more."""
    with transaction.atomic(durable=True):
        _change(conversation, at, unread_count=0)


def _change(conversation: Conversation, at: datetime, **fields: object) -> None:
    Conversation.objects.filter(pk=conversation.pk).update(**fields, version=F("version") + 1, updated_at=at)
    conversation.version += 1
    for name, value in fields.items():
        setattr(conversation, name, value)
    announce(
        "conversation.updated",
        conversation.restaurant.code,
        conversation.version,
        conversationId=conversation.code,
    )
