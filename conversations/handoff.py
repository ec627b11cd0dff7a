"""Who speaks: the bot or a person. Every change says so to the pages that listen."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction

from bots.access import members_of
from bots.jobs import wake
from bots.live import announce
from bots.models import Membership
from bots.versions import grown, next_version
from conversations.content import Text
from conversations.models import Conversation, Message
from conversations.outbox import add_staff


def take_over(conversation: Conversation, user: User | None, *, at: datetime) -> None:
    """A person owns the conversation: the bot is silent until it is handed back, or until the person has said nothing
    for the restaurant's `handoff_hours`. Without a user another system switched the bot off, which lasts."""
    with transaction.atomic(durable=True):
        _give_to(conversation, user, at)


class NotOfTheStaff(Exception):
    """Does not work for this restaurant, or not any more."""


def assign(conversation: Conversation, member: Membership | None, *, at: datetime) -> bool:
    """This person has the conversation from now on, whoever had it. None lets go of it: it waits for anybody, and the
    bot is back by itself if nobody comes in time. Returns False when it was so already. Raises NotOfTheStaff."""
    with transaction.atomic(durable=True):
        locked = _locked(conversation)
        if member is None:
            return _let_go(locked, at)
        if not _works_there(member, locked):
            raise NotOfTheStaff
        if locked.assigned_to_id == member.user_id and not locked.is_bot_active:
            return False
        _give_to(locked, member.user, at)
        return True


def speak(conversation: Conversation, text: str, user: User, *, at: datetime, key: str = "") -> Message:
    """A person's reply. Whoever answers has the conversation, unless a colleague has it; in one transaction, so that
    the bot never falls silent for a reply that was not said. `key` as in `outbox.queue_staff`. Raises ContentError
    for what WhatsApp cannot carry."""
    content = Text(text)
    with transaction.atomic(durable=True):
        locked = _locked(conversation)
        has_it = locked.assigned_to if not locked.is_bot_active else None
        _give_to(locked, has_it or user, at)
        return add_staff(locked, content, user, at=at, key=key)


def ask_for_staff(conversation: Conversation, *, at: datetime, reason: str = Conversation.HandoffReason.ASKED) -> None:
    """A person is called: the bot falls silent, but comes back by itself if nobody answers in time.
    Runs inside the caller's transaction."""
    _change(
        conversation,
        at,
        is_bot_active=False,
        assigned_to=None,
        handoff_until=_patience(conversation, at),
        needs_attention=True,
        handoff_reason=reason,
    )


def hand_back(conversation: Conversation, *, at: datetime) -> bool:
    """The bot speaks again, and says so. Returns False when it spoke already."""
    with transaction.atomic(durable=True):
        locked = _locked(conversation)
        if locked.is_bot_active:
            return False
        _give_back(locked, at)
        return True


def resume(conversation: Conversation, *, at: datetime) -> None:
    """The customer called the bot back before anybody took over. Runs inside the caller's transaction."""
    _change(conversation, at, is_bot_active=True, handoff_until=None, needs_attention=False, handoff_reason="")


def return_overdue(now: datetime, most: int = 200) -> int:
    """Gives back to the bot what no person has touched for too long; returns how many conversations. The bot says so
    only where the customer still waits for an answer."""
    due = Conversation.objects.filter(handoff_until__lte=now).order_by("handoff_until")
    return sum(_return(pk, now) for pk in list(due.values_list("pk", flat=True)[:most]))


def mark_read(conversation: Conversation, *, at: datetime) -> None:
    """Nothing is unread any more."""
    with transaction.atomic(durable=True):
        _change(conversation, at, unread_count=0)


def _return(conversation_id: int, now: datetime) -> bool:
    with transaction.atomic(durable=True):
        rows = Conversation.objects.select_for_update(of=("self",), no_key=True).select_related("restaurant")
        conversation = rows.filter(pk=conversation_id, handoff_until__lte=now).first()
        if conversation is None:
            return False
        if _customer_waits(conversation):
            _give_back(conversation, now)
        else:
            _change(conversation, now, is_bot_active=True, assigned_to=None, handoff_until=None, handoff_reason="")
        return True


def _customer_waits(conversation: Conversation) -> bool:
    heard = conversation.last_inbound_at
    return conversation.needs_attention or (heard is not None and heard >= conversation.last_message_at)


def _let_go(locked: Conversation, at: datetime) -> bool:
    if locked.assigned_to_id is None:
        return False
    _change(locked, at, assigned_to=None, handoff_until=_patience(locked, at), needs_attention=True)
    return True


def _works_there(member: Membership, conversation: Conversation) -> bool:
    """Who is removed at this moment is removed before or after."""
    rows = members_of(conversation.restaurant).select_for_update(of=("self",), no_key=True)
    return rows.filter(pk=member.pk).exists()


def _locked(conversation: Conversation) -> Conversation:
    rows = Conversation.objects.select_for_update(of=("self",), no_key=True).select_related("restaurant", "assigned_to")
    return rows.get(pk=conversation.pk)


def _patience(conversation: Conversation, at: datetime) -> datetime:
    return at + timedelta(hours=conversation.restaurant.handoff_hours)


def _give_to(conversation: Conversation, user: User | None, at: datetime) -> None:
    _change(
        conversation,
        at,
        is_bot_active=False,
        assigned_to=user,
        handoff_until=_patience(conversation, at) if user else None,
        handed_back_at=None,
        needs_attention=False,
        handoff_reason="",
    )


def _give_back(conversation: Conversation, at: datetime) -> None:
    _change(
        conversation,
        at,
        is_bot_active=True,
        assigned_to=None,
        handoff_until=None,
        handed_back_at=at,
        needs_attention=False,
        handoff_reason="",
    )
    wake("talk_again", conversation_id=conversation.pk)


def _change(conversation: Conversation, at: datetime, **fields: object) -> None:
    Conversation.objects.filter(pk=conversation.pk).update(**fields, version=grown(at), updated_at=at)
    conversation.version = next_version(conversation.version, at)
    for name, value in fields.items():
        setattr(conversation, name, value)
    announce(
        "conversation.updated",
        conversation.restaurant,
        conversation.version,
        conversationId=conversation.code,
    )
