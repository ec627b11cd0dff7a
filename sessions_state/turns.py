"""A turn: the one transaction in which the bot hears, thinks, answers and acts. All of it happens, or nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from time import perf_counter

from django.db import InterfaceError, OperationalError, transaction

from conversations.handoff import resume
from conversations.models import Message
from sessions_state.dialogue.events import Event, HandedBack
from sessions_state.dialogue.machine import calls_bot
from sessions_state.hearing import event_of
from sessions_state.parking import note_failure
from sessions_state.paused import say_paused
from sessions_state.talks import Talk, open_session

logger = logging.getLogger(__name__)

Clock = Callable[[], datetime]


def take_turns(conversation_id: int, now: Clock) -> int:
    """Answers every message that waits in this conversation, in order; returns how many turns were tried.

    May run twice or beside a rival: the row locks give each message one turn. A turn that raises is rolled back and
    noted on its message, which is tried again later and parked in the end; those behind it wait.
    """
    open_session(conversation_id)
    turns = 0
    while _take_turn(conversation_id, now):
        turns += 1
    return turns


def _take_turn(conversation_id: int, now: Clock) -> bool:
    message: Message | None = None
    began = perf_counter()
    try:
        with transaction.atomic(durable=True):
            message = _next(conversation_id)
            if message is None or not _is_due(message, now()):
                return False
            _answer(message, now())
    except (OperationalError, InterfaceError):
        raise  # the database's trouble is not the message's fault; the sweep comes back to it
    except Exception as error:
        if message is None:
            raise
        logger.exception("A turn failed.", extra=_known(message, began))
        note_failure(message, error, at=now())
    else:
        logger.info("turn", extra=_known(message, began))
    return True


def _known(message: Message, began: float) -> dict[str, object]:
    """What its line in the log says; `step` is where it was heard."""
    return {
        "conversation_id": message.conversation_id,
        "message_id": message.pk,
        "bot_id": message.bot_id,
        "step": message.conversation.session.step,
        "ms": round((perf_counter() - began) * 1000, 1),
    }


def _next(conversation_id: int) -> Message | None:
    """The oldest message without an answer, locked after its conversation and session: PostgreSQL locks in the order
    of `of`. Who waited here for a rival and finds the message answered goes on to the next one with all that it holds;
    had it locked messages first, the two would now wait for each other."""
    return (
        Message.objects.filter(
            conversation_id=conversation_id,
            direction=Message.Direction.IN,
            handled_at__isnull=True,
            conversation__session__isnull=False,
        )
        .select_related("conversation__session", "conversation__bot", "conversation__restaurant")
        .select_for_update(of=("conversation", "conversation__session", "self"), no_key=True)
        .order_by("id")
        .first()
    )


def _is_due(message: Message, now: datetime) -> bool:
    return message.next_attempt_at is None or message.next_attempt_at <= now


def _answer(message: Message, now: datetime) -> None:
    conversation, event = message.conversation, _event(message, now)
    if not conversation.bot.is_active:
        say_paused(conversation, message, at=now)
    elif event is not None:
        at = message.received_at or message.created_at
        talk = Talk.of(conversation, at=at, now=now, answers=message)
        talk.wake_up()
        talk.hear(event)
        silent_after = timedelta(minutes=conversation.restaurant.session_idle_minutes)
        talk.settle(expires_at=at + silent_after)
    Message.objects.filter(pk=message.pk).update(handled_at=now)


def _event(message: Message, now: datetime) -> Event | None:
    """What the bot hears; None while it must be silent: its restaurant is off, or a person owns the conversation.
    A customer who asked for a person whom nobody has become yet may call the bot back."""
    conversation = message.conversation
    if not conversation.restaurant.is_active:
        return None
    if conversation.is_bot_active:
        return event_of(message)
    if conversation.assigned_to_id is None and conversation.needs_attention and calls_bot(message.body):
        resume(conversation, at=now)
        return HandedBack(at=message.received_at or message.created_at)
    return None
