"""Senders are checked with Twilio, told where to call, and compared with what is expected.

Nothing here talks to Twilio inside a transaction. Where Twilio gives no answer nothing is concluded and nothing stored.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from bots.audit import changes, fields_of, note
from bots.comparison import (
    NOT_THERE,
    SECONDS,
    CannotCheck,
    Line,
    asking,
    calling_lines,
    compared,
    lines_of,
    refuse_what_has_no_account,
    status_in_words,
    wanted,
)
from bots.live import announce
from bots.models import Bot
from bots.numbers import for_people
from bots.registration import ASKED_ABOUT, HEALTH
from bots.secrets import Secret
from bots.twilio import senders
from bots.twilio.client import within
from bots.twilio.errors import SendRefused, SendUnknown
from bots.twilio.senders import AtTwilio
from bots.versions import version_at

PAUSES = (1.0, 2.0, 3.0)
_SETTLED = ("status", "verified_at", "error_message")
_WRONG_PAIR = ("20003", "401")


def verify(bot: Bot, *, by: User | None) -> tuple[str, ...]:
    """Whether account, sender SID, number and WABA agree and the sender is online; stores the result. Returns what is
    wrong, one sentence each. Raises CannotCheck, and nothing is stored then."""
    refuse_what_has_no_account(bot)
    with asking(_("Nothing was changed.")):
        problems = tuple(_problems(bot))
    _settle(bot, problems, by)
    return problems


def set_webhooks(bot: Bot, *, by: User | None) -> tuple[Line, ...]:
    """Tells Twilio where to call for this sender and reads it back. Returns what differs from what was sent; raises
    CannotCheck. All of it takes SECONDS and the pauses of reading back."""
    with within(SECONDS):
        return _set_webhooks(bot, by)


def health(bot: Bot) -> tuple[Line, ...]:
    """What Twilio has beside what we expect; the outcome is kept with the sender, and nothing changes at Twilio. Raises
    CannotCheck, and the outcome before it stays."""
    refuse_what_has_no_account(bot)
    asked_at = timezone.now()
    with asking(""):
        found = senders.fetched(bot)
    lines = lines_of(bot, found)
    _keep(bot, lines, asked_at)
    return lines


def unregistered(account_sid: str, auth_token: str) -> list[AtTwilio]:
    """The senders of this account that could be registered here. A demo sender does not keep its number from one.
    Raises CannotCheck."""
    asked = Bot(account_sid=account_sid, auth_token=Secret.of(auth_token))
    with asking(""):
        # First, for a list that is refused does not say why (seen in twilio 9.13).
        wrong = _wrong_account(asked)
        found = [] if wrong else senders.listed(asked)
    if wrong:
        raise CannotCheck(wrong)
    here = Bot.objects.filter(retired_at__isnull=True, channel=Bot.Channel.TWILIO)
    here = here.filter(Q(whatsapp_number__in=[one.number for one in found]) | Q(sender_sid__in=[o.sid for o in found]))
    taken = {value for row in here.values_list("whatsapp_number", "sender_sid") for value in row}
    return [sender for sender in found if not taken & {sender.number, sender.sid}]


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
        if error.code not in _WRONG_PAIR + NOT_THERE:
            raise
        return _(
            "Twilio does not accept this pair of account SID and auth token. Copy both from the Twilio console; "
            "an API key will not do."
        )
    if status == "active":
        return ""
    return _("The Twilio account is %(status)s, not active. Settle this with Twilio.") % {"status": status}


def _found(bot: Bot) -> AtTwilio | None:
    try:
        return senders.fetched(bot)
    except SendRefused as error:
        if error.code not in NOT_THERE:
            raise
        return None


def _no_such_sender(bot: Bot) -> str:
    if not bot.sender_sid:
        return _("The sender SID is not set.")
    return _("This account has no sender with the SID %(sid)s.") % {"sid": bot.sender_sid}


def _disagreements(bot: Bot, found: AtTwilio) -> Iterator[str]:
    lines = (
        compared("number", bot.whatsapp_number, found.number),
        compared("waba_id", bot.waba_id, found.waba_id),
    )
    yield from (str(line) for line in lines if line.is_wrong)
    if not found.is_online:
        yield _("The sender is not online at Twilio: %(status)s.") % {"status": status_in_words(found)}


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


def _keep(bot: Bot, lines: tuple[Line, ...], asked_at: datetime) -> None:
    """Says nothing of a sender that was changed meanwhile, and never covers a later answer with an earlier one."""
    wrong = [line.kept for line in lines if line.is_wrong]
    found = Bot.Health.DIFFERS if wrong else Bot.Health.GOOD
    with transaction.atomic(durable=True):
        earlier = Q(health_at=None) | Q(health_at__lt=asked_at)
        _same(bot).filter(earlier).update(health=found, health_at=asked_at, health_lines=wrong)
    bot.refresh_from_db(fields=HEALTH)


def _same(bot: Bot) -> QuerySet[Bot]:
    """The row, as long as it is what Twilio was asked about."""
    return Bot.objects.filter(pk=bot.pk, retired_at__isnull=True, **fields_of(bot, ASKED_ABOUT))


def _settle(bot: Bot, problems: tuple[str, ...], by: User | None) -> None:
    """Holds only for the sender that was checked: one that was changed meanwhile keeps what it has."""
    now, before = timezone.now(), fields_of(bot, _SETTLED)
    status = Bot.Status.FAILED if problems else Bot.Status.ACTIVE
    after = {"status": status, "verified_at": None if problems else now, "error_message": "\n".join(problems)}
    with transaction.atomic(durable=True):
        if not _same(bot).update(**after, updated_at=now):
            raise CannotCheck(_("The sender was changed while it was checked: verify it again. Nothing was stored."))
        changed = changes(before, after)
        note("sender.verified", bot, user=by, restaurant=bot.restaurant, changes=changed)
        announce("bot.status", bot.restaurant, version_at(now), botId=bot.code)
    bot.refresh_from_db()


def _refuse_addresses_that_cannot_be_called() -> None:
    is_mock = urlsplit(settings.TWILIO_API_BASE_URL).scheme == "http"
    if not settings.PUBLIC_BASE_URL.startswith("https://") and not is_mock:
        raise CannotCheck(
            _("Twilio calls only https, and PUBLIC_BASE_URL is %(url)s. Set it to the public address of this server.")
            % {"url": settings.PUBLIC_BASE_URL}
        )


def _refuse_another_sender(bot: Bot, found: AtTwilio) -> None:
    line = compared("number", bot.whatsapp_number, found.number)
    if line.is_wrong:
        raise CannotCheck(f"{line} {_('Nothing was changed.')}")


def _set_webhooks(bot: Bot, by: User | None) -> tuple[Line, ...]:
    refuse_what_has_no_account(bot)
    _refuse_addresses_that_cannot_be_called()
    unknown = _("It is not known whether Twilio has taken the addresses: look at the health of the sender.")
    with asking(_("Nothing was changed.")):
        before = senders.fetched(bot)
    _refuse_another_sender(bot, before)
    with asking(unknown, refused=_("Nothing was changed.")):
        try:
            senders.tell(bot, wanted())
        except SendUnknown:
            _note_told(bot, before, by)
            raise
    _note_told(bot, before, by)
    asked_at = timezone.now()
    with asking(unknown):
        found = _read_back(bot)
    _keep(bot, lines_of(bot, found), asked_at)
    return tuple(line for line in calling_lines(found) if line.is_wrong)


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
