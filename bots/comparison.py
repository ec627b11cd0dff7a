"""What Twilio has of a sender beside what is expected, and every trouble of asking in words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bots.models import Bot
from bots.registration import SenderRefused
from bots.twilio import senders
from bots.twilio.client import within
from bots.twilio.errors import SendError, SendRefused, reason_in_words
from bots.twilio.senders import AtTwilio

RETRIES = "#rc=2&ct=2000&rt=5000&rp=ct,rt,5xx"
SECONDS = 20.0
SANDBOX = "+14155238886"
NOT_THERE = ("20404", "404")
_NAMES = {
    "status": gettext_lazy("Status"),
    "number": gettext_lazy("Number"),
    "waba_id": gettext_lazy("WhatsApp Business account"),
    "quality": gettext_lazy("Quality rating"),
    "limit": gettext_lazy("Messaging limit"),
}
_BAD_QUALITY = ("LOW", "RED")
_OURS = ("no_connect", "no_answer", "secret", "20003")


class CannotCheck(SenderRefused):
    """There is nothing to check, or Twilio could not be asked; says so in the reader's language."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that is compared. `expected` is None where any value will do, "" where ours is not set."""

    what: str
    expected: str | None
    found: str
    is_wrong: bool

    @property
    def name(self) -> str:
        """In the reader's language; an address of Twilio's console by its name there."""
        return str(_NAMES.get(self.what, self.what))

    @property
    def kept(self) -> dict[str, str | None]:
        """As it is stored, in no language."""
        return {"what": self.what, "expected": self.expected, "found": self.found}

    def __str__(self) -> str:
        told = {"name": self.name, "found": self.found or "–", "expected": self.expected}
        if self.expected:
            return _("%(name)s is %(found)s at Twilio, %(expected)s is expected.") % told
        if self.expected is None:
            return _("%(name)s is %(found)s at Twilio.") % told
        return _("%(name)s is not set here; at Twilio it is %(found)s.") % told


def addresses() -> dict[str, str]:
    """Where the provider must be told to call, by the name that its console uses.

    The fragment is not called, it says how often and how long to try: unless told so, a slow or failing answer is not
    retried at all (Twilio, webhook connection overrides).
    """
    base = settings.PUBLIC_BASE_URL
    return {
        "callback_url": f"{base}/whatsapp/webhook{RETRIES}",
        "fallback_url": f"{base}/webhook",
        "status_callback_url": f"{base}/whatsapp/status",
    }


def wanted() -> dict[str, str]:
    """The webhook object of a sender: our addresses, all by POST."""
    told = addresses()
    return {name: told.get(name, "POST") for name in senders.CONSOLE_NAMES}


def lines_of(bot: Bot, found: AtTwilio) -> tuple[Line, ...]:
    """All that is compared of a sender."""
    return (
        Line("status", "ONLINE", status_in_words(found), not found.is_online),
        compared("number", bot.whatsapp_number, found.number),
        compared("waba_id", bot.waba_id, found.waba_id),
        *calling_lines(found),
        Line("quality", None, found.quality, found.quality.upper() in _BAD_QUALITY),
        Line("limit", None, found.limit, False),
    )


def kept_lines(bot: Bot) -> list[Line]:
    """What differed at the last comparison of this sender."""
    return [Line(**line, is_wrong=True) for line in bot.health_lines]


def calling_lines(found: AtTwilio) -> list[Line]:
    return [compared(name, expected, found.webhook[name]) for name, expected in wanted().items()]


def compared(what: str, expected: str, found: str) -> Line:
    return Line(what, expected, found, expected != found)


def status_in_words(found: AtTwilio) -> str:
    return f"{found.status} ({'; '.join(found.offline_reasons)})" if found.offline_reasons else found.status


def refuse_what_has_no_account(bot: Bot) -> None:
    if bot.retired_at:
        raise CannotCheck(_("This sender is retired."))
    if bot.channel == Bot.Channel.SIMULATOR:
        raise CannotCheck(_("This is a demo sender of the simulator: there is nothing at Twilio to verify."))
    if bot.whatsapp_number == SANDBOX:
        raise CannotCheck(
            _("This is the number of Twilio's sandbox. It belongs to Twilio: set its addresses in the console.")
        )


@contextmanager
def asking(in_vain: str, refused: str = "") -> Iterator[None]:
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
    if error.code in NOT_THERE:
        return _("The account at Twilio does not have this sender SID. Verify the sender.")
    if isinstance(error, SendRefused):
        return _("Twilio refused with error %(code)s.") % {"code": error.code}
    return _("Twilio is busy or has a fault (%(code)s). Try again in a minute.") % {"code": error.code}
