"""What became of a message: a report may only lift it.

Reports come in any order, more than once, and sometimes before our own row knows the provider's id. All reports are
kept; those without a message wait for it. A report and the settling of its message meet under a lock of the
provider's id, so that one of them always sees the other. That lock comes before all row locks.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce

from bots.jobs import wake
from bots.lines import note_on_line
from bots.models import Bot
from bots.versions import grown, next_version
from conversations.attention import call_a_person, locked_conversation
from conversations.channels import reason_in_words
from conversations.models import Conversation, Message, StatusReport
from conversations.outbox import announce_message
from conversations.wire import StatusUpdate, status_named

Status = Message.Status
LADDER = (Status.QUEUED, Status.SENDING, Status.ACCEPTED, Status.SENT, Status.DELIVERED, Status.READ)
ENDINGS = (Status.FAILED, Status.UNDELIVERED)
WAITING = (Status.QUEUED, Status.SENDING)
_PROOFS = (Status.DELIVERED, Status.READ)


def climb(message: Message, status: str, *, at: datetime, error_code: str = "", sid: str | None = None) -> bool:
    """Lifts the message to this status if it stands lower; True when something changed. Runs inside the caller's
    transaction. A failure ends what was not delivered yet; a delivery or a reading proves a failure wrong.

    `sid` is kept if the message has none yet.
    """
    changes: dict[str, object] = {"status": status, "error_code": "", "error_reason": ""}
    if status in ENDINGS:
        changes |= {"error_code": error_code, "error_reason": str(reason_in_words(error_code))[:300]}
    if sid:
        changes["provider_sid"] = Coalesce(F("provider_sid"), Value(sid))
    rows = Message.objects.filter(pk=message.pk, direction=Message.Direction.OUT, status__in=_below(status))
    if not rows.update(**changes, lease_until=None, next_attempt_at=None, version=grown(at)):
        return False
    message.version = next_version(message.version, at)
    return True


def report(bot: Bot, update: StatusUpdate, message_code: UUID | None, *, at: datetime) -> None:
    """Keeps the report and applies it to the message of this code, or of this id, of this sender."""
    with transaction.atomic(durable=True):
        lock_sid(bot.pk, update.sid)
        message = _message_of(bot, update.sid, message_code)
        _keep(bot, update, message)
        if message and update.status:
            _apply(message, update.status, update.error_code, update.sid, at)
    if message:
        note_on_line(bot_id=bot.pk, conversation_id=message.conversation_id, message_id=message.pk)


def early_reports(message: Message, sid: str) -> list[StatusReport]:
    """Those that came before the message knew its id, oldest first. The caller's transaction holds the lock of it."""
    return list(StatusReport.objects.filter(bot_id=message.bot_id, provider_sid=sid, message=None).order_by("id"))


def adopt(message: Message, early: list[StatusReport], at: datetime) -> None:
    """Applies early reports to their message. Runs inside the caller's transaction."""
    for found in early:
        StatusReport.objects.filter(pk=found.pk).update(message=message)
        status = status_named(found.status)
        if status:
            _apply(message, status, found.error_code, found.provider_sid, at)


def lock_sid(bot_id: int, sid: str) -> None:
    """Until the end of the transaction nobody else settles or reports this id."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"message {bot_id} {sid}"])


def _below(status: str) -> tuple[str, ...]:
    """The statuses that this one may follow."""
    if status in ENDINGS:
        return LADDER[: LADDER.index(Status.DELIVERED)]
    lower = LADDER[: LADDER.index(Status(status))]
    return (*lower, *ENDINGS) if status in _PROOFS else lower


def _message_of(bot: Bot, sid: str, code: UUID | None) -> Message | None:
    """The one that has this id, else the one that this code names."""
    named = Q(provider_sid=sid) | (Q(code=code) if code else Q())
    rows = Message.objects.select_related("conversation__restaurant")
    found = list(rows.filter(named, bot=bot, direction=Message.Direction.OUT))
    return next((row for row in found if row.provider_sid == sid), found[0] if found else None)


def _keep(bot: Bot, update: StatusUpdate, message: Message | None) -> None:
    row = StatusReport(
        bot=bot, message=message, provider_sid=update.sid, status=update.reported, error_code=update.error_code
    )
    StatusReport.objects.bulk_create([row], ignore_conflicts=True)


def _apply(message: Message, status: str, error_code: str, sid: str, at: datetime) -> None:
    if status not in ENDINGS:
        if climb(message, status, at=at, error_code=error_code, sid=sid):
            _tell(message.conversation, message)
    elif message.provider_sid in (None, sid):  # the failure of a copy that was sent twice is not the message's
        conversation = locked_conversation(message.conversation_id)
        if climb(message, status, at=at, error_code=error_code, sid=sid):
            call_a_person(conversation, at)
            _tell(conversation, message)


def _tell(conversation: Conversation, message: Message) -> None:
    announce_message("message.updated", conversation, message)
    if message.status in WAITING:  # those behind it waited for its outcome
        wake("deliver", conversation_id=message.conversation_id)
