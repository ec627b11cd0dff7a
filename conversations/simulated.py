"""The simulator's phone network: messages are sent, delivered and read a moment later."""

from __future__ import annotations

from datetime import datetime, timedelta

from conversations.channels import simulated_sid, walk_on
from conversations.models import Message
from conversations.statuses import report
from conversations.wire import StatusUpdate

Status = Message.Status
_NEXT = {
    Status.SENT: (Status.DELIVERED, timedelta(milliseconds=400)),
    Status.DELIVERED: (Status.READ, timedelta(milliseconds=800)),
}


def walk(message_id: int, status: str, *, at: datetime) -> None:
    """Reports this status of a simulated message as the provider would, and wakes the next."""
    message = Message.objects.select_related("bot").filter(pk=message_id).first()
    if message is None:
        return
    bot, step = message.bot, Status(status)
    sender = bot.whatsapp_number
    update = StatusUpdate(simulated_sid(message), step, "", bot.owning_account, sender, step)
    report(bot, update, message.code, at=at)
    if step in _NEXT:
        following, after = _NEXT[step]
        walk_on(message_id, following, after)
