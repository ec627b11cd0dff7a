"""Content resources of an account: found in our table, else made once and remembered."""

from __future__ import annotations

import hashlib
import json

from bots.models import Bot, TwilioContent
from bots.twilio.client import client_for
from bots.twilio.errors import CALL_ERRORS, SendLater, SendRefused, SendUnknown, judged
from bots.twilio.shapes import Shaped

_LANGUAGE = "en"  # a label of the resource; the words come as variables
_SEARCHED = 1000


def content_sid_for(bot: Bot, shaped: Shaped) -> str:
    """The resource of this shape. Two workers may both make one; both are good and one is remembered.

    Not to be called inside a transaction. Raises SendLater (nothing was sent to anybody, whatever happened to the
    resource) and SendRefused.
    """
    known = _known(bot, shaped.fingerprint)
    return known or _remembered(bot, shaped.fingerprint, _made(bot, shaped))


def template_sid_for(bot: Bot, name: str, language: str) -> str:
    """The template of this name and language that the account has. Raises SendLater; SendRefused when there is none."""
    fingerprint = hashlib.sha256(json.dumps(["template", name, language]).encode()).hexdigest()
    known = _known(bot, fingerprint)
    return known or _remembered(bot, fingerprint, _searched(bot, name, language))


def forget(bot: Bot, content_sid: str) -> None:
    """The account does not have this resource any more."""
    TwilioContent.objects.filter(account_sid=bot.owning_account, content_sid=content_sid).delete()


def _known(bot: Bot, fingerprint: str) -> str | None:
    rows = TwilioContent.objects.filter(account_sid=bot.owning_account, fingerprint=fingerprint)
    return rows.values_list("content_sid", flat=True).first()


def _remembered(bot: Bot, fingerprint: str, sid: str) -> str:
    row = TwilioContent(account_sid=bot.owning_account, fingerprint=fingerprint, content_sid=sid)
    TwilioContent.objects.bulk_create([row], ignore_conflicts=True)
    return sid


def _made(bot: Bot, shaped: Shaped) -> str:
    contents = client_for(bot).content.v1.contents
    request = contents.ContentCreateRequest(
        {
            "friendly_name": f"sufrah_{shaped.fingerprint[:16]}",
            "language": _LANGUAGE,
            "variables": dict.fromkeys(shaped.variables, "-"),
            "types": contents.Types(shaped.types),
        }
    )
    try:
        sid = contents.create(request).sid
    except CALL_ERRORS as error:
        raise _harmless(error) from error
    if not sid:
        raise SendLater("no_answer")
    return str(sid)


def _searched(bot: Bot, name: str, language: str) -> str:
    try:
        for content in client_for(bot).content.v1.contents.stream(limit=_SEARCHED, page_size=100):
            if content.friendly_name == name and content.language == language:
                return str(content.sid)
    except CALL_ERRORS as error:
        raise _harmless(error) from error
    raise SendRefused("63027", f"No template {name} ({language})")


def _harmless(error: Exception) -> SendLater | SendRefused:
    """A resource that was made without our learning of it does no harm: the next call makes another."""
    meant = judged(error)
    if isinstance(meant, SendUnknown):
        return SendLater(meant.code, meant.reason)
    assert isinstance(meant, SendLater | SendRefused)  # noqa: S101
    return meant
