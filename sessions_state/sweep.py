"""What a lost job left behind is found by index and woken again."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from bots.jobs import wake_missing
from conversations.handoff import return_overdue
from conversations.models import Conversation, Message
from orders.models import OrderEvent
from sessions_state.quiet import expire_due

# Younger rows have their job under way.
GRACE = timedelta(seconds=2)
MOST = 500


def sweep(now: datetime) -> int:
    """Wakes turns, news and hand-backs that are due, and lets due silences be heard; returns how many."""
    woken = wake_missing("take_turns", "conversation_id", _unanswered(now))
    woken += wake_missing("tell_customer", "order_event_id", _untold(now))
    woken += wake_missing("talk_again", "conversation_id", _handed_back(now))
    return woken + return_overdue(now) + len(list(expire_due(now)))


def unhandled() -> QuerySet[Message]:
    """Inbound messages whose turn is still to come."""
    return Message.objects.filter(direction=Message.Direction.IN, handled_at__isnull=True)


def _unanswered(now: datetime) -> list[int]:
    ready = Q(next_attempt_at__isnull=True, received_at__lte=now - GRACE) | Q(next_attempt_at__lte=now)
    return list(unhandled().filter(ready).values_list("conversation_id", flat=True).distinct()[:MOST])


def _untold(now: datetime) -> list[int]:
    return list(
        OrderEvent.objects.filter(told_at__isnull=True, at__lte=now - GRACE).values_list("id", flat=True)[:MOST]
    )


def _handed_back(now: datetime) -> list[int]:
    waiting = Conversation.objects.filter(handed_back_at__lte=now - GRACE, is_bot_active=True)
    return list(waiting.values_list("id", flat=True)[:MOST])
