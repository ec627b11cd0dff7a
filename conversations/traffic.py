"""What went through a sender: totals, what did not arrive and why, and how close it is to its limits.

A fixed number of queries. A sender may have a million messages: they are counted in an index alone, up to a bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from django.db import connection
from django.db.models import Count, Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from bots.models import Bot
from bots.twilio.reasons import reason_in_words
from conversations.models import Conversation, Message

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
COUNTED, FAILURES_READ = 100_000, 10_000
WARNING, FULL = 80, 100
_NO_REASON = _("No reason was given.")

_FAILURES = """
SELECT error_code, count(*), count(*) FILTER (WHERE created_at >= %(since)s), max(created_at)
FROM (SELECT error_code, created_at FROM conversations_message
      WHERE bot_id = %(bot)s AND status IN ('failed', 'undelivered') ORDER BY created_at DESC LIMIT %(most)s) AS latest
GROUP BY error_code ORDER BY count(*) DESC, max(created_at) DESC
"""


@dataclass(frozen=True, slots=True)
class Total:
    """Of the last 24 hours and in all. Nobody counts beyond COUNTED: then `is_more`."""

    lately: int
    in_all: int
    is_more: bool = False


@dataclass(frozen=True, slots=True)
class Failure:
    """Messages that did not arrive for one reason; `code` is Twilio's or ours, and `last_at` when the newest of them
    was written."""

    code: str
    words: Promise | str
    total: Total
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Quota:
    """Messages out in a stretch of time beside the sender's limit for it."""

    sent: int
    limit: int

    @property
    def per_cent(self) -> int:
        """Rounded down, so that 100 is never said too early. A limit of nothing is reached."""
        return self.sent * 100 // self.limit if self.limit else FULL

    @property
    def closeness(self) -> Literal["calm", "warning", "danger"]:
        if self.per_cent >= FULL:
            return "danger"
        return "warning" if self.per_cent >= WARNING else "calm"


@dataclass(frozen=True, slots=True)
class Traffic:
    conversations: Total
    active: int
    inbound: Total
    outbound: Total
    failed: Total
    failures: tuple[Failure, ...]
    in_minute: Quota
    in_day: Quota


def traffic_of(bot: Bot, now: datetime) -> Traffic:
    """Five queries."""
    talks = Conversation.objects.filter(bot=bot).aggregate(
        in_all=Count("bot"),
        lately=Count("bot", filter=Q(last_message_at__gte=now - DAY)),
        active=Count("bot", filter=Q(status=Conversation.Status.ACTIVE)),
    )
    lately = _lately(bot, now)
    failures = _failures(bot, now)
    return Traffic(
        conversations=Total(talks["lately"], talks["in_all"]),
        active=talks["active"],
        inbound=_total(bot, Message.Direction.IN, lately["inbound"]),
        outbound=_total(bot, Message.Direction.OUT, lately["outbound"]),
        failed=_sum(failures),
        failures=failures,
        in_minute=Quota(lately["in_minute"], bot.max_messages_per_min),
        in_day=Quota(lately["outbound"], bot.max_messages_per_day),
    )


def last_failures(bot: Bot, count: int) -> list[Message]:
    """The newest messages that did not arrive, without what they say; one query."""
    rows = Message.objects.filter(bot=bot, status__in=[Message.Status.FAILED, Message.Status.UNDELIVERED])
    return list(rows.order_by("-created_at").only("status", "error_code", "created_at")[:count])


def why(code: str) -> Promise | str:
    return reason_in_words(code) or _NO_REASON


def _lately(bot: Bot, now: datetime) -> dict[str, int]:
    """Both directions are named, so that the index is entered at the hour and not read from its beginning."""
    out = Q(direction=Message.Direction.OUT)
    rows = Message.objects.filter(bot=bot, direction__in=Message.Direction.values, created_at__gte=now - DAY)
    return rows.aggregate(
        inbound=Count("bot", filter=~out),
        outbound=Count("bot", filter=out),
        in_minute=Count("bot", filter=out & Q(created_at__gte=now - MINUTE)),
    )


def _total(bot: Bot, direction: str, lately: int) -> Total:
    found = Message.objects.filter(bot=bot, direction=direction).order_by()[: COUNTED + 1].count()
    return Total(lately, min(found, COUNTED), found > COUNTED)


def _failures(bot: Bot, now: datetime) -> tuple[Failure, ...]:
    with connection.cursor() as cursor:
        cursor.execute(_FAILURES, {"bot": bot.pk, "since": now - DAY, "most": FAILURES_READ})
        rows = cursor.fetchall()
    return tuple(Failure(code, why(code), Total(lately, count), at) for code, count, lately, at in rows)


def _sum(failures: tuple[Failure, ...]) -> Total:
    in_all = sum(failure.total.in_all for failure in failures)
    return Total(sum(failure.total.lately for failure in failures), in_all, in_all == FAILURES_READ)
