"""Senders are checked with Twilio, told where to call, and compared with what is expected.

Nothing here talks to Twilio inside a transaction. Where Twilio gives no answer nothing is concluded and nothing stored.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from bots.audit import changes, fields_of, note
from bots.live import announce
from bots.models import Bot
from bots.numbers import for_people
from bots.registration import SenderRefused, addresses
from bots.secrets import Secret
from bots.twilio import senders
from bots.twilio.client import within
from bots.twilio.errors import SendError, SendRefused, SendUnknown, reason_in_words
from bots.twilio.senders import AtTwilio

SECONDS = 20.0
PAUSES = (1.0, 2.0, 3.0)
SANDBOX = "+14155238886"
_CHECKED = ("whatsapp_number", "account_sid", "subaccount_sid", "auth_token", "sender_sid", "waba_id", "channel")
_SETTLED = ("status", "verified_at", "error_message")
_WRONG_PAIR, _NOT_THERE = ("20003", "401"), ("20404", "404")
_OURS = ("no_connect", "no_answer", "secret", "20003")
_BAD_QUALITY = ("LOW", "RED")


class CannotCheck(SenderRefused):
    """There is nothing to check, or Twilio could not be asked; says so in the reader's language."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that is compared. `expected` is None where any value will do, "" where ours is not set."""

    name: str
    expected: str | None
    found: str
    is_wrong: bool

    def __str__(self) -> str:
        told = {"name": self.name, "found": self.found or "–", "expected": self.expected}
        if self.expected:
            return _("%(name)s is %(found)s at Twilio, %(expected)s is expected.") % told
        if self.expected is None:
            return _("%(name)s is %(found)s at Twilio.") % told
        return _("%(name)s is not set here; at Twilio it is %(found)s.") % told


def verify(bot: Bot, *, by: User | None) -> tuple[str, ...]:
    """Whether account, sender SID, number and WABA agree and the sender is online; stores the result. Returns what is
    wrong, one sentence each. Raises CannotCheck, and nothing is stored then."""
    _refuse_what_has_no_account(bot)
    with _asking(_("Nothing was changed.")):
        problems = tuple(_problems(bot))
    _settle(bot, problems, by)
    return problems


def set_webhooks(bot: Bot, *, by: User | None) -> tuple[Line, ...]:
    """Tells Twilio where to call for this sender and reads it back. Returns what differs from what was sent; raises
    CannotCheck. All of it takes SECONDS and the pauses of reading back."""
    with within(SECONDS):
        return _set_webhooks(bot, by)


def health(bot: Bot) -> tuple[Line, ...]:
    """What Twilio has beside what we expect; changes nothing. Raises CannotCheck."""
    _refuse_what_has_no_account(bot)
    with _asking(""):
        found = senders.fetched(bot)
    return (
        Line(_("Status"), "ONLINE", _status(found), not found.is_online),
        _compared(_("Number"), bot.whatsapp_number, found.number),
        _compared(_("WhatsApp Business account"), bot.waba_id, found.waba_id),
        *_calling_lines(found),
        Line(_("Quality rating"), None, found.quality, found.quality.upper() in _BAD_QUALITY),
        Line(_("Messaging limit"), None, found.limit, False),
    )


def unregistered(account_sid: str, auth_token: str) -> list[AtTwilio]:
    """The senders of this account that could be registered here. A demo sender does not keep its number from one.
    Raises CannotCheck."""
    asked = Bot(account_sid=account_sid, auth_token=Secret.of(auth_token))
    with _asking(""):
        # First, for a list that is refused does not say why (seen in twilio 9.13).
        wrong = _wrong_account(asked)
        found = [] if wrong else senders.listed(asked)
    if wrong:
        raise CannotCheck(wrong)
    here = Bot.objects.filter(retired_at__isnull=True, channel=Bot.Channel.TWILIO)
    here = here.filter(Q(whatsapp_number__in=[one.number for one in found]) | Q(sender_sid__in=[o.sid for o in found]))
    taken = {value for row in here.values_list("whatsapp_number", "sender_sid") for value in row}
    return [sender for sender in found if not taken & {sender.number, sender.sid}]


def wanted() -> dict[str, str]:
    """The webhook object of a sender: our addresses, all by POST."""
    told = addresses()
    return {name: told.get(name, "POST") for name in senders.CONSOLE_NAMES}


def _problems(bot: Bot) -> Iterator[str]:
    """In the order of the checks; with a wrong account nothing else can be asked."""
    wrong = _wrong_account(bot)
    if wrong:
        yield wrong
        return
    found = _found(bot)
    if found is None:
        yield _no_such_sender(bot)
    else:
        yield from _disagreements(bot, found)
    yield from _times_listed(bot)
    if _others_with_the_same_sid(bot):
        yield _("Another sender here has the same sender SID.")


def _wrong_account(bot: Bot) -> str:
    try:
        status = senders.account_status(bot)
    except SendRefused as error:
        if error.code not in _WRONG_PAIR + _NOT_THERE:
            raise
        return _(
            "Twilio does not accept this pair of account SID and auth token. Copy both from the Twilio console; "
            "an API key will not do."
        )
    if status == "active":
        return ""
    return _("The Twilio account is %(status)s, not active. Settle this with Twilio.") % {"status": status}


def _found(bot: Bot) -> AtTwilio | None:
    if not re.fullmatch(r"XE[0-9a-fA-F]{32}", bot.sender_sid):
        return None
    try:
        return senders.fetched(bot)
    except SendRefused as error:
        if error.code not in _NOT_THERE:
            raise
        return None


def _no_such_sender(bot: Bot) -> str:
    if not bot.sender_sid:
        return _("The sender SID is not set.")
    return _("This account has no sender with the SID %(sid)s.") % {"sid": bot.sender_sid}


def _disagreements(bot: Bot, found: AtTwilio) -> Iterator[str]:
    lines = (
        _compared(_("Number"), bot.whatsapp_number, found.number),
        _compared(_("WhatsApp Business account"), bot.waba_id, found.waba_id),
    )
    yield from (str(line) for line in lines if line.is_wrong)
    if not found.is_online:
        yield _("The sender is not online at Twilio: %(status)s.") % {"status": _status(found)}


def _times_listed(bot: Bot) -> Iterator[str]:
    sids = [one.sid for one in senders.listed(bot) if one.number == bot.whatsapp_number]
    told = {"number": for_people(bot.whatsapp_number), "sids": ", ".join(sids)}
    if not sids:
        yield _("This account has no sender with the number %(number)s.") % told
    elif len(sids) > 1:
        yield _("This account has the number %(number)s more than once: %(sids)s.") % told
    elif sids != [bot.sender_sid]:
        yield _("This account has the number %(number)s under the sender SID %(sids)s.") % told


def _others_with_the_same_sid(bot: Bot) -> bool:
    live = Bot.objects.filter(retired_at__isnull=True).exclude(pk=bot.pk)
    return bool(bot.sender_sid) and live.filter(sender_sid=bot.sender_sid).exists()


def _settle(bot: Bot, problems: tuple[str, ...], by: User | None) -> None:
    """Holds only for the sender that was checked: one that was changed meanwhile keeps what it has."""
    now, before = timezone.now(), fields_of(bot, _SETTLED)
    status = Bot.Status.FAILED if problems else Bot.Status.ACTIVE
    after = {"status": status, "verified_at": None if problems else now, "error_message": "\n".join(problems)}
    with transaction.atomic(durable=True):
        same = Bot.objects.filter(pk=bot.pk, retired_at__isnull=True, **fields_of(bot, _CHECKED))
        if not same.update(**after, updated_at=now):
            raise CannotCheck(_("The sender was changed while it was checked: verify it again. Nothing was stored."))
        changed = changes(before, after)
        note("sender.verified", bot, user=by, restaurant=bot.restaurant, changes=changed)
        announce("bot.status", bot.restaurant.code, int(now.timestamp() * 1000), botId=bot.code)
    bot.refresh_from_db()


def _refuse_what_has_no_account(bot: Bot) -> None:
    if bot.retired_at:
        raise CannotCheck(_("This sender is retired."))
    if bot.channel == Bot.Channel.SIMULATOR:
        raise CannotCheck(_("This is a demo sender of the simulator: there is nothing at Twilio to verify."))
    if bot.whatsapp_number == SANDBOX:
        raise CannotCheck(
            _("This is the number of Twilio's sandbox. It belongs to Twilio: set its addresses in the console.")
        )


def _refuse_addresses_that_cannot_be_called() -> None:
    is_mock = urlsplit(settings.TWILIO_API_BASE_URL).scheme == "http"
    if not settings.PUBLIC_BASE_URL.startswith("https://") and not is_mock:
        raise CannotCheck(
            _("Twilio calls only https, and PUBLIC_BASE_URL is %(url)s. Set it to the public address of this server.")
            % {"url": settings.PUBLIC_BASE_URL}
        )


def _refuse_another_sender(bot: Bot, found: AtTwilio) -> None:
    line = _compared(_("Number"), bot.whatsapp_number, found.number)
    if line.is_wrong:
        raise CannotCheck(f"{line} {_('Nothing was changed.')}")


def _set_webhooks(bot: Bot, by: User | None) -> tuple[Line, ...]:
    _refuse_what_has_no_account(bot)
    _refuse_addresses_that_cannot_be_called()
    unknown = _("It is not known whether Twilio has taken the addresses: look at the health of the sender.")
    with _asking(_("Nothing was changed.")):
        before = senders.fetched(bot)
    _refuse_another_sender(bot, before)
    with _asking(unknown, refused=_("Nothing was changed.")):
        try:
            senders.tell(bot, wanted())
        except SendUnknown:
            _note_told(bot, before, by)
            raise
    _note_told(bot, before, by)
    with _asking(unknown):
        found = _read_back(bot)
    return tuple(line for line in _calling_lines(found) if line.is_wrong)


def _note_told(bot: Bot, before: AtTwilio, by: User | None) -> None:
    told = changes(before.webhook, wanted())
    with transaction.atomic(durable=True):
        note("sender.webhooks_set", bot, user=by, restaurant=bot.restaurant, changes=told)


def _read_back(bot: Bot) -> AtTwilio:
    """Twilio takes new addresses over a little later, so it is asked more than once."""
    found = senders.fetched(bot)
    for pause in PAUSES:
        if found.webhook == wanted() and found.is_online:
            break
        time.sleep(pause)
        found = senders.fetched(bot)
    return found


def _calling_lines(found: AtTwilio) -> list[Line]:
    return [_compared(name, expected, found.webhook[name]) for name, expected in wanted().items()]


def _compared(name: str, expected: str, found: str) -> Line:
    return Line(name, expected, found, expected != found)


def _status(found: AtTwilio) -> str:
    return f"{found.status} ({'; '.join(found.offline_reasons)})" if found.offline_reasons else found.status


@contextmanager
def _asking(in_vain: str, refused: str = "") -> Iterator[None]:
    """All calls within SECONDS; one that fails is told in words, with `in_vain` behind, or `refused` if it was."""
    try:
        with within(SECONDS):
            yield
    except SendError as error:
        rest = refused if refused and isinstance(error, SendRefused) else in_vain
        raise CannotCheck(f"{_why(error)} {rest}".strip()) from error


def _why(error: SendError) -> str:
    if error.code in _OURS:
        return str(reason_in_words(error.code))
    if error.code == "no_time":
        return _("Twilio took too long to answer. Try again in a minute.")
    if error.code in _NOT_THERE:
        return _("The account at Twilio does not have this sender SID. Verify the sender.")
    if isinstance(error, SendRefused):
        return _("Twilio refused with error %(code)s.") % {"code": error.code}
    return _("Twilio is busy or has a fault (%(code)s). Try again in a minute.") % {"code": error.code}
