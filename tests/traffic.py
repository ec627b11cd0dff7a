"""Conversations and messages of a sender, for what is counted of them."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from bots.models import Bot
from conversations.models import Conversation, Message
from tests.world import fresh_sid


def talk_with(bot: Bot, n: int = 0, status: str = "active", ago: timedelta = timedelta()) -> Conversation:
    return Conversation.objects.create(
        restaurant=bot.restaurant,
        bot=bot,
        customer_address=f"+9665000009{n:02}",
        status=status,
        last_message_at=timezone.now() - ago,
    )


def said(talk: Conversation, *statuses: str, ago: timedelta = timedelta(), code: str = "63016") -> list[Message]:
    """A message for each status, all of this age; “received” came in, the others went out."""
    rows = [
        Message.objects.create(
            restaurant_id=talk.restaurant_id,
            bot_id=talk.bot_id,
            conversation=talk,
            direction="IN" if status == "received" else "OUT",
            author="customer" if status == "received" else "bot",
            kind="text",
            body="Words that nobody but the restaurant reads",
            provider_sid=fresh_sid(),
            status=status,
            error_code=code if status in ("failed", "undelivered") else "",
        )
        for status in statuses
    ]
    Message.objects.filter(pk__in=[row.pk for row in rows]).update(created_at=timezone.now() - ago)
    return rows
