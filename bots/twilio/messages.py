"""The Messages resource: send one, and look up what was sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from json import JSONDecodeError
from typing import Any

from bots.models import Bot
from bots.secrets import SecretUnreadable
from bots.twilio.client import client_for
from bots.twilio.errors import CALL_ERRORS, MINUTE, SendLater, SendUnknown, judged

_LOOKED_AT = 50


@dataclass(frozen=True, slots=True)
class Listed:
    """A message as the account has it. `body` may be empty for content resources."""

    sid: str
    body: str
    created_at: datetime


def create(bot: Bot, parameters: Mapping[str, Any]) -> str:
    """Sends; returns the sid. `parameters` are the keywords of `client.messages.create`. Raises a SendError."""
    try:
        sid = client_for(bot).messages.create(**parameters).sid
    except SecretUnreadable as error:
        raise SendLater("secret", after=MINUTE) from error
    except CALL_ERRORS as error:
        raise judged(error) from error
    except JSONDecodeError as error:
        raise SendUnknown("no_answer") from error
    if not sid:
        raise SendUnknown("no_answer")
    return str(sid)


def sent_to(bot: Bot, to: str, sender: str, since: datetime) -> list[Listed]:
    """What this sender sent to this address since then, oldest first, of the newest fifty; raises a SendError.

    Not narrowed by `DateSent`, which a message that still waits in Twilio's queue does not have.
    """
    try:
        rows = client_for(bot).messages.list(to=to, from_=sender, limit=_LOOKED_AT)
    except SecretUnreadable as error:
        raise SendLater("secret", after=MINUTE) from error
    except CALL_ERRORS as error:
        raise judged(error) from error
    except JSONDecodeError as error:
        raise SendUnknown("no_answer") from error
    listed = [Listed(str(row.sid), str(row.body or ""), _aware(row.date_created)) for row in rows]
    return sorted((row for row in listed if row.created_at >= since), key=lambda row: row.created_at)


def _aware(moment: datetime | None) -> datetime:
    """Without a date it may be of any time, also of now."""
    if moment is None:
        return datetime.max.replace(tzinfo=UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
