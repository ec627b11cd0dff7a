"""Who sends a message, and how it ended. Each function is one short transaction; the network is never inside one.

A claim is the row's status `sending`, its attempt number and a lease. All but success is settled only while the claim
is still the row's; that a message was accepted is a fact, whoever learns it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from bots.jobs import wake
from bots.models import Bot
from bots.versions import grown, next_version
from conversations.attention import call_a_person, locked_conversation
from conversations.channels import SendError, reason_in_words
from conversations.models import Conversation, Message
from conversations.outbox import announce_message
from conversations.quotas import count_send
from conversations.statuses import WAITING, adopt, early_reports, lock_sid

# With the sweep's two seconds: what a killed worker held goes on within ten.
LEASE = timedelta(seconds=7)
MAX_AGE = timedelta(hours=1)
Status = Message.Status
_SETTLED: dict[str, Any] = {"lease_until": None, "next_attempt_at": None, "error_code": "", "error_reason": ""}


@dataclass(frozen=True, slots=True)
class Claim:
    """`message` with its bot, conversation and restaurant; `outcome_unknown` when an earlier attempt may have
    succeeded without our learning of it; `over_quota` when the sender has sent all that it may today."""

    message: Message
    outcome_unknown: bool
    over_quota: bool = False

    @property
    def bot(self) -> Bot:
        return self.message.bot


def may_speak(bot: Bot) -> bool:
    """A restaurant that is off waits. A paused sender still carries what its people say: only its bot is silent."""
    return bot.restaurant.is_active and bot.retired_at is None


def is_too_old(message: Message, now: datetime) -> bool:
    return message.created_at < now - MAX_AGE


def conversation_to_serve(conversation_id: int) -> Conversation | None:
    """With its sender and restaurant, asked once for all that waits in it."""
    rows = Conversation.objects.select_related("bot__restaurant").filter(pk=conversation_id)
    conversation = rows.first()
    if conversation:
        conversation.restaurant = conversation.bot.restaurant
    return conversation


def claim_next(conversation: Conversation, now: datetime) -> Claim | None:
    """The oldest waiting message, if it is due; None when nothing waits or what waits first must wait longer."""
    with transaction.atomic(durable=True):
        message = _oldest_waiting(conversation)
        if message is None or not _is_due(message, now):
            return None
        unknown = message.status == Status.SENDING
        full = None if unknown else count_send(conversation.bot, message, now)
        if full and full.free_at:
            _wait_until(message, full.free_at, now)
            return None
        message.status, message.lease_until, message.attempts = Status.SENDING, now + LEASE, message.attempts + 1
        message.save(update_fields=["status", "lease_until", "attempts"])
        return Claim(message, outcome_unknown=unknown, over_quota=full is not None)


def _wait_until(message: Message, free_at: datetime, now: datetime) -> None:
    """The minute is full. It was no attempt, and those behind it wait with it."""
    message.next_attempt_at = free_at
    message.save(update_fields=["next_attempt_at"])
    wake("deliver", after=free_at - now, conversation_id=message.conversation_id)


def is_still_ours(claim: Claim) -> bool:
    return _ours(claim).exists()


def accept(claim: Claim, sid: str, now: datetime) -> None:
    """The provider has it. Reports that were faster than this are applied."""
    message = claim.message
    with transaction.atomic(durable=True):
        lock_sid(message.bot_id, sid)
        early = early_reports(message, sid)
        if early:  # one may be a failure, which changes the conversation: its lock comes before the message's
            locked_conversation(message.conversation_id)
        rows = Message.objects.filter(pk=message.pk, status__in=WAITING)
        if rows.update(status=Status.ACCEPTED, provider_sid=sid, version=grown(now), **_SETTLED):
            message.status, message.provider_sid = Status.ACCEPTED, sid
            message.version = next_version(message.version, now)
            announce_message("message.updated", message.conversation, message)
            adopt(message, early, now)


def postpone(claim: Claim, error: SendError, now: datetime, pause: timedelta) -> None:
    """It was not processed: it waits for its next attempt, and those behind it wait with it."""
    _put_off(claim, error, now, pause, status=Status.QUEUED, lease_until=None, next_attempt_at=now + pause)


def leave_unknown(claim: Claim, error: SendError, now: datetime, pause: timedelta) -> None:
    """It stays in doubt: who takes it next must look it up before sending."""
    _put_off(claim, error, now, pause, lease_until=now + pause)


def refuse(claim: Claim, error: SendError, now: datetime) -> None:
    """It will not be sent. The next one goes on, and a person is called."""
    message = claim.message
    with transaction.atomic(durable=True):
        conversation = locked_conversation(message.conversation_id)
        if _changed(claim, now, status=Status.FAILED, **{**_SETTLED, **_in_words(error)}):
            call_a_person(conversation, now)
            announce_message("message.updated", conversation, message)


def _oldest_waiting(conversation: Conversation) -> Message | None:
    waiting = Message.objects.filter(conversation=conversation, direction=Message.Direction.OUT, status__in=WAITING)
    message = waiting.select_for_update(no_key=True).order_by("id").first()
    if message:
        message.conversation, message.bot = conversation, conversation.bot
    return message


def _is_due(message: Message, now: datetime) -> bool:
    held_until = message.lease_until if message.status == Status.SENDING else message.next_attempt_at
    if held_until and held_until > now:
        return False
    return may_speak(message.bot) or message.bot.retired_at is not None or is_too_old(message, now)


def _ours(claim: Claim) -> QuerySet[Message]:
    return Message.objects.filter(pk=claim.message.pk, status=Status.SENDING, attempts=claim.message.attempts)


def _changed(claim: Claim, now: datetime, **changes: object) -> bool:
    """Whether the claim still was the row's, which has these changes then."""
    if not _ours(claim).update(**changes, version=grown(now)):
        return False
    claim.message.version = next_version(claim.message.version, now)
    return True


def _put_off(claim: Claim, error: SendError, now: datetime, pause: timedelta, **changes: object) -> None:
    message = claim.message
    with transaction.atomic(durable=True):
        if _changed(claim, now, **changes, **_in_words(error)):
            announce_message("message.updated", message.conversation, message)
            wake("deliver", after=pause, conversation_id=message.conversation_id)


def _in_words(error: SendError) -> dict[str, str]:
    return {"error_code": error.code[:12], "error_reason": str(reason_in_words(error.code))[:300]}
