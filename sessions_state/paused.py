"""A sender that is paused answers each customer with one polite line; its people may still write."""

from __future__ import annotations

from datetime import datetime, timedelta

from conversations.content import Text
from conversations.models import Conversation, Message
from conversations.outbox import queue
from orders.menu import Language
from sessions_state.dialogue.phrases.sorry import PAUSED, REACH_US

ONCE_IN = timedelta(hours=12)


def say_paused(conversation: Conversation, message: Message, *, at: datetime) -> None:
    """Runs inside the turn's transaction. Silent where a person talks, where the restaurant is off, and where the
    line was said in the last twelve hours."""
    if not conversation.is_bot_active or not conversation.restaurant.is_active:
        return
    line = Text(_line(conversation))
    said = Message.objects.filter(
        conversation=conversation, direction=Message.Direction.OUT, body=line.body, created_at__gt=at - ONCE_IN
    )
    if not said.exists():
        queue(conversation, [line], at=at, answers=message)


def _line(conversation: Conversation) -> str:
    language: Language = "en" if (conversation.language or conversation.restaurant.language) == "en" else "ar"
    contact = conversation.bot.support_contact or conversation.restaurant.support_contact
    lines = [PAUSED[language], REACH_US[language].format(contact=contact) if contact else ""]
    return "\n".join(line for line in lines if line)
