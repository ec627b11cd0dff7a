"""Getting said what waits: claim, send, settle, one message after the other.

Order within a conversation hangs on the provider's answer to the message before, not on its reports: a message that
must wait holds back those behind it, one that failed does not.

What a restaurant that is off has written waits: it goes out when it is on again, unless it is older than an hour by
then, because an answer out of its time confuses more than none. What waits for a retired sender fails at once. Either
way a person is called.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from random import SystemRandom
from time import perf_counter

from django.db.models import Min, Q, QuerySet

from bots.jobs import wake_missing
from conversations.channels import SendError, SendLater, SendRefused, SendUnknown, calls_operator, channel_of
from conversations.claims import (
    MAX_AGE,
    Claim,
    accept,
    claim_next,
    conversation_to_serve,
    is_still_ours,
    is_too_old,
    leave_unknown,
    postpone,
    refuse,
)
from conversations.models import Message
from conversations.statuses import WAITING

MAX_ATTEMPTS = 10
LONGEST_PAUSE = timedelta(minutes=5)
SHORTEST_DOUBT = timedelta(seconds=5)
WOKEN_AT_ONCE = 500
_JOB_HAS_IT = timedelta(seconds=1)
_chance = SystemRandom()
logger = logging.getLogger(__name__)


class _TakenOver(Exception):
    """Another worker has the claim now."""


def deliver(conversation_id: int, now: Callable[[], datetime]) -> int:
    """Sends what waits in this conversation until nothing is due; returns how many attempts that took. Any number
    of workers may do this at once."""
    conversation, attempts = conversation_to_serve(conversation_id), 0
    while conversation and (claim := claim_next(conversation, now())):
        _attempt(claim, now)
        attempts += 1
    return attempts


def wake_due(now: datetime) -> int:
    """Wakes `deliver` for conversations whose first waiting message is due and has no job waiting; returns how many.

    For the sweep. A fresh message is left to the job that was deferred with it.
    """
    due = _firsts_due(now).values_list("conversation_id", flat=True)[:WOKEN_AT_ONCE]
    return wake_missing("deliver", "conversation_id", list(due))


def oldest_unsent_at() -> datetime | None:
    """When the oldest message that could be sent was written; None when nothing waits."""
    speaking = Q(bot__restaurant__is_active=True)
    oldest: datetime | None = _waiting().filter(speaking).aggregate(oldest=Min("created_at"))["oldest"]
    return oldest


def pause_after(attempt: int) -> timedelta:
    """Twice as long each time, from a second to five minutes, a quarter more or less so that crowds thin out."""
    seconds = min(LONGEST_PAUSE.total_seconds(), 2.0 ** (attempt - 1))
    return timedelta(seconds=seconds * _chance.uniform(0.75, 1.25))


def _attempt(claim: Claim, now: Callable[[], datetime]) -> None:
    began = perf_counter()
    try:
        sid = _sid_of(claim, now())
        accept(claim, sid, now())
    except _TakenOver:
        return
    except SendError as error:
        _settle_failed(claim, error, now())
    else:
        logger.info("send", extra={**_ids(claim), "provider_sid": sid, "ms": round((perf_counter() - began) * 1000, 1)})


def _settle_failed(claim: Claim, error: SendError, now: datetime) -> None:
    _log(claim, error)
    pause, last = pause_after(claim.message.attempts), claim.message.attempts >= MAX_ATTEMPTS
    match error:
        case SendLater() if not last:
            postpone(claim, error, now, max(pause, error.after or pause))
        case SendUnknown() if not last:
            leave_unknown(claim, error, now, max(pause, SHORTEST_DOUBT))
        case SendUnknown():
            refuse(claim, SendRefused("unknown"), now)
        case _:
            refuse(claim, error, now)


def _log(claim: Claim, error: SendError) -> None:
    level = logging.ERROR if calls_operator(error) else logging.WARNING
    known = {**_ids(claim), "error_code": error.code}
    logger.log(level, "A message was not sent: %s.", type(error).__name__, extra=known)


def _ids(claim: Claim) -> dict[str, object]:
    message = claim.message
    return {
        "conversation_id": message.conversation_id,
        "message_id": message.pk,
        "bot_id": message.bot_id,
        "attempt": message.attempts,
    }


def _sid_of(claim: Claim, now: datetime) -> str:
    """Finds what was sent already, else sends. Raises a SendError, _TakenOver."""
    channel, message = channel_of(claim.bot), claim.message
    if claim.outcome_unknown:
        found = _found(claim)
        if found:
            return found
        if not is_still_ours(claim):
            raise _TakenOver
    _refuse_what_is_not_to_be_sent(claim, now)
    return channel.send(claim.bot, message)


def _found(claim: Claim) -> str | None:
    """A look-up that fails leaves the doubt, whatever the reason of its failure."""
    try:
        return channel_of(claim.bot).find(claim.bot, claim.message)
    except SendError as error:
        raise SendUnknown(error.code, error.reason) from error


def _refuse_what_is_not_to_be_sent(claim: Claim, now: datetime) -> None:
    if claim.bot.retired_at is not None:
        raise SendRefused("retired")
    if is_too_old(claim.message, now):
        raise SendRefused("too_old")
    if claim.over_quota:
        raise SendRefused("quota")
    if claim.message.attempts > MAX_ATTEMPTS:
        raise SendRefused("gave_up")


def _waiting() -> QuerySet[Message]:
    return Message.objects.filter(direction=Message.Direction.OUT, status__in=WAITING)


def _firsts_due(now: datetime) -> QuerySet[Message]:
    firsts = _waiting().order_by("conversation_id", "id").distinct("conversation_id")
    on = Q(bot__restaurant__is_active=True)
    over = Q(bot__retired_at__isnull=False) | Q(created_at__lt=now - MAX_AGE)
    written = Q(status=Message.Status.QUEUED, next_attempt_at=None, created_at__lt=now - _JOB_HAS_IT)
    put_off = Q(status=Message.Status.QUEUED, next_attempt_at__lte=now)
    let_go = Q(status=Message.Status.SENDING, lease_until__lte=now) | Q(status=Message.Status.SENDING, lease_until=None)
    return Message.objects.filter(pk__in=firsts.values("pk")).filter(on | over, written | put_off | let_go)
