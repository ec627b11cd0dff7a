"""How many messages a sender may send in a minute and in a day, counted where they are claimed.

The limits hold once somebody has set them (`Bot.enforces_limits`); before that they are only shown. What the bot and
other systems say is held: over the minute it waits, over the day it fails and a person is called. What a person writes
counts, and always goes.

Spans begin with the first message after the one before has ended: a minute is 60 seconds, a day 24 hours.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from bots.models import Bot
from conversations.models import Message

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)

_COUNT = """
INSERT INTO conversations_sendcount AS c (bot_id, minute_from, in_minute, day_from, in_day)
VALUES (%(bot)s, %(now)s, 1, %(now)s, 1)
ON CONFLICT (bot_id) DO UPDATE SET
    minute_from = CASE WHEN c.minute_from > %(minute)s THEN c.minute_from ELSE %(now)s END,
    in_minute = CASE WHEN c.minute_from > %(minute)s THEN c.in_minute + 1 ELSE 1 END,
    day_from = CASE WHEN c.day_from > %(day)s THEN c.day_from ELSE %(now)s END,
    in_day = CASE WHEN c.day_from > %(day)s THEN c.in_day + 1 ELSE 1 END
WHERE %(passes)s
    OR ((c.minute_from <= %(minute)s OR c.in_minute < %(most_in_minute)s)
        AND (c.day_from <= %(day)s OR c.in_day < %(most_in_day)s))
RETURNING 1
"""
_FULL = """
SELECT in_day >= %(most_in_day)s AND day_from > %(day)s, minute_from FROM conversations_sendcount WHERE bot_id = %(bot)s
"""


@dataclass(frozen=True, slots=True)
class Full:
    """No room: until `free_at`, or, with None, for so long that waiting would bring the message out of its place."""

    free_at: datetime | None


def count_send(bot: Bot, message: Message, now: datetime) -> Full | None:
    """Counts one more message of this sender, inside the caller's transaction; one that finds no room is not counted.
    The row lock makes it exact whoever else is sending."""
    if not bot.enforces_limits:
        return None
    passes = message.author_user_id is not None
    if not passes and not bot.max_messages_per_day:
        return Full(None)
    if not passes and not bot.max_messages_per_min:
        return Full(now + MINUTE)
    return None if _counted(bot, passes, now) else _full(bot, now)


def _counted(bot: Bot, passes: bool, now: datetime) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, {**_limits(bot, now), "now": now, "minute": now - MINUTE, "passes": passes})
        return cursor.fetchone() is not None


def _full(bot: Bot, now: datetime) -> Full:
    with connection.cursor() as cursor:
        cursor.execute(_FULL, _limits(bot, now))
        day_is_full, minute_from = cursor.fetchone()
    return Full(None if day_is_full else minute_from + MINUTE)


def _limits(bot: Bot, now: datetime) -> dict[str, int | datetime]:
    return {
        "bot": bot.pk,
        "day": now - DAY,
        "most_in_minute": bot.max_messages_per_min,
        "most_in_day": bot.max_messages_per_day,
    }
