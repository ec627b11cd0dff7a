"""A request of the provider, checked and recorded. Cheap questions come first: strangers cost next to nothing."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import QueryDict

from bots.models import Bot
from bots.routing import bot_of
from bots.twilio.signature import is_genuine
from conversations.inbound import record
from conversations.posted import Posted
from conversations.statuses import report
from conversations.wire import Inbound, StatusUpdate, WireError, inbound_of, status_of

MOST_BYTES = 256 * 1024
"""Of a form. The longest message, percent-encoded and with all that stands beside it, has a tenth of it."""
_LONGEST_SIGNATURE = 64
_LONGEST_NUMBER = 64
_NUMBER_FIELDS = {"inbound": "To", "status": "From"}


class Refused(Exception):
    """The request is not for us; `status` is all that the caller learns, `why` and for which sender is for the log."""

    def __init__(self, status: int, why: str, bot: Bot | None = None) -> None:
        super().__init__(status)
        self.status, self.why, self.bot_id = status, why, bot.pk if bot else None


def look_at(posted: Posted) -> None:
    """What can be told without the database. Raises Refused."""
    if not 0 < len(posted.signature) <= _LONGEST_SIGNATURE:
        raise Refused(403, "a signature of no possible length")
    if len(posted.body) > MOST_BYTES:
        raise Refused(413, "a form that is too long")


def form_of(posted: Posted) -> QueryDict:
    """Raises Refused where it has too many fields."""
    try:
        return QueryDict(posted.body)
    except SuspiciousOperation as error:
        raise Refused(400, "a form with too many fields") from error


def said_in(posted: Posted, form: QueryDict) -> Inbound | StatusUpdate:
    """Raises Refused where it says nothing."""
    try:
        return inbound_of(form) if posted.door == "inbound" else status_of(form)
    except WireError as error:
        raise Refused(400, "a form that says nothing") from error


def receive(posted: Posted, form: QueryDict, *, now: datetime) -> None:
    """Records it, once however often it comes. Raises Refused, and what the database raises when it is away."""
    bot = _sender_of(posted, form)
    said = said_in(posted, form)
    if isinstance(said, Inbound):
        record(bot, said, at=posted.at, now=now)
    else:
        report(bot, said, posted.code, at=now)


def _sender_of(posted: Posted, form: QueryDict) -> Bot:
    """The sender, once the request is known to be Twilio's. Raises Refused."""
    number = str(form.get(_NUMBER_FIELDS[posted.door], ""))
    # What is no number by its length alone is not taken apart: a megabyte of it would cost seconds.
    bot = bot_of(number) if len(number) <= _LONGEST_NUMBER else None
    if bot is None:
        raise Refused(404, "no sender of this number")
    if not is_genuine(settings.PUBLIC_BASE_URL + posted.path, form, posted.signature, bot.auth_token.reveal()):
        raise Refused(403, "not signed with this sender's token for this address", bot)
    if form.get("AccountSid") not in {bot.account_sid, bot.owning_account}:
        raise Refused(403, "signed for another account", bot)
    return bot
