"""Senders as an account has them (Twilio, Senders API, messaging v2): looked up, listed, told where to call."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from json import JSONDecodeError
from typing import Any

from bots.models import Bot
from bots.numbers import CHANNEL_PREFIX
from bots.secrets import SecretUnreadable
from bots.twilio.client import client_for
from bots.twilio.errors import CALL_ERRORS, SendLater, SendRefused, SendUnknown, judged

CONSOLE_NAMES = (
    *("callback_url", "callback_method"),
    *("fallback_url", "fallback_method"),
    *("status_callback_url", "status_callback_method"),
)
_CHANNEL = CHANNEL_PREFIX.rstrip(":")
_ONLINE = ("ONLINE", "ONLINE:UPDATING")
_SID = re.compile(r"XE[0-9a-fA-F]{32}")
_LISTED, _PAGE = 1000, 50
_ACCEPTED = 202


@dataclass(frozen=True, slots=True)
class AtTwilio:
    """A sender as its account has it. `number` without the channel; `webhook` has all of CONSOLE_NAMES, "" for none;
    `quality`, `limit` and `name` may be empty; `offline_reasons` are Twilio's own words."""

    sid: str
    number: str
    status: str
    waba_id: str
    name: str
    webhook: dict[str, str]
    quality: str
    limit: str
    offline_reasons: tuple[str, ...]

    @property
    def is_online(self) -> bool:
        return self.status in _ONLINE


def account_status(bot: Bot) -> str:
    """active, suspended or closed, as the owning account's own token sees it. Raises a SendError."""
    with _judged():
        return str(client_for(bot).api.v2010.accounts(bot.owning_account).fetch().status)


def fetched(bot: Bot) -> AtTwilio:
    """The sender of this sender SID. Raises a SendError; 20404 when the account does not have it, which is not even
    asked for what is no sender SID: it would be another address."""
    if not _SID.fullmatch(bot.sender_sid):
        raise SendRefused("20404")
    with _judged():
        return _read(client_for(bot).messaging.v2.channels_senders(bot.sender_sid).fetch())


def listed(bot: Bot) -> list[AtTwilio]:
    """All WhatsApp senders of the owning account, over all pages, at most a thousand. Raises a SendError."""
    with _judged():
        rows = client_for(bot).messaging.v2.channels_senders.list(channel=_CHANNEL, limit=_LISTED, page_size=_PAGE)
        return [_read(row) for row in rows]


def tell(bot: Bot, webhook: Mapping[str, str]) -> None:
    """Asks Twilio to call there; whole, for what becomes of a member that is left out is not documented. It is taken
    over a little later: read it back. Raises a SendError."""
    with _judged():
        resource = client_for(bot).messaging.v2.channels_senders
        request = resource.MessagingV2ChannelsSenderRequestsUpdate(
            {"webhook": resource.MessagingV2ChannelsSenderWebhook(dict(webhook))}
        )
        status = resource(bot.sender_sid).update_with_http_info(request).status_code
    if status != _ACCEPTED:
        raise SendUnknown(str(status))


@contextmanager
def _judged() -> Iterator[None]:
    try:
        yield
    except SecretUnreadable as error:
        raise SendLater("secret") from error
    except CALL_ERRORS as error:
        raise judged(error) from error
    except JSONDecodeError as error:
        raise SendUnknown("no_answer") from error


def _read(row: Any) -> AtTwilio:
    webhook, properties = row.webhook or {}, row.properties or {}
    return AtTwilio(
        sid=str(row.sid or ""),
        number=str(row.sender_id or "").removeprefix(CHANNEL_PREFIX),
        status=str(row.status or ""),
        waba_id=str((row.configuration or {}).get("waba_id") or ""),
        name=str((row.profile or {}).get("name") or ""),
        webhook={name: str(webhook.get(name) or "") for name in CONSOLE_NAMES},
        quality=str(properties.get("quality_rating") or ""),
        limit=str(properties.get("messaging_limit") or ""),
        offline_reasons=tuple(str(reason.get("message") or reason.get("code")) for reason in row.offline_reasons or []),
    )
