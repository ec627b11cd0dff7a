"""Silence becomes an event: a stored deadline that has passed, whoever notices it and however late."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from conversations.models import Message
from sessions_state.models import BotSession
from sessions_state.talks import Talk, locked_conversation


def due(now: datetime) -> int:
    """How many sessions are past their deadline."""
    return _due(now).count()


def expire_due(now: datetime, most: int = 500) -> Iterator[int]:
    """Lets the silence of each overdue session be heard, one transaction each; yields conversation ids. What a rival
    holds is left to him."""
    for conversation_id in list(_due(now).order_by("expires_at").values_list("conversation_id", flat=True)[:most]):
        if _expire(conversation_id, now):
            yield conversation_id


def _due(now: datetime) -> QuerySet[BotSession]:
    """Those without a waiting message: it came before the sweep, and its own time decides whether there was silence."""
    waiting = Message.objects.filter(
        conversation_id=OuterRef("conversation_id"), direction=Message.Direction.IN, handled_at__isnull=True
    )
    return BotSession.objects.filter(expires_at__lte=now).exclude(Exists(waiting))


def _expire(conversation_id: int, now: datetime) -> bool:
    with transaction.atomic(durable=True):
        conversation = locked_conversation(conversation_id, wait=False)
        if conversation is None or not _due(now).filter(conversation_id=conversation_id).exists():
            return False
        talk = Talk.of(conversation, at=now, now=now)
        talk.wake_up()
        talk.settle(expires_at=None)
        return True
