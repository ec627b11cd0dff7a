"""A turn that fails is noted on its message, tried again, and at last parked where people see it."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from bots.jobs import wake
from bots.versions import grown, next_version
from conversations.content import Text
from conversations.models import Conversation, Message
from conversations.outbox import announce_message, queue
from sessions_state.dialogue.phrases.sorry import COULD_NOT_ANSWER

TRIES = 3
FIRST_PAUSE = timedelta(seconds=1)


def note_failure(message: Message, error: Exception, *, at: datetime) -> None:
    """Counts the try. The last one parks the message: the customer gets a sorry, staff see what happened and why, and
    the messages behind it go on. The reason holds no words of the customer's."""
    reason = type(error).__name__
    with transaction.atomic(durable=True):
        rows = Conversation.objects.select_related("restaurant").select_for_update(of=("self",), no_key=True)
        conversation = rows.get(pk=message.conversation_id)
        attempts = message.turn_attempts + 1
        still_open = Message.objects.filter(pk=message.pk, handled_at__isnull=True, turn_attempts=message.turn_attempts)
        if attempts < TRIES:
            pause = FIRST_PAUSE * 2**message.turn_attempts
            if still_open.update(turn_attempts=attempts, next_attempt_at=at + pause):
                wake("take_turns", after=pause, conversation_id=conversation.pk)
        elif still_open.update(turn_attempts=attempts, handled_at=at, turn_error=reason, version=grown(at)):
            _park(conversation, message, at)


def _park(conversation: Conversation, message: Message, at: datetime) -> None:
    Conversation.objects.filter(pk=conversation.pk).update(needs_attention=True, version=grown(at), updated_at=at)
    conversation.version = next_version(conversation.version, at)
    language = conversation.language or conversation.restaurant.language
    queue(conversation, [Text(COULD_NOT_ANSWER["en" if language == "en" else "ar"])], at=at)
    wake("take_turns", conversation_id=conversation.pk)
    message.version = next_version(message.version, at)
    announce_message("message.updated", conversation, message)
