"""Plays Twilio for a demo sender: the same form, the same signature, the same door.

Shapes: Twilio, "Request Parameters" of incoming messages, and captured requests; what lies behind each is in the
payload fixtures that the tests compare with.
"""

from __future__ import annotations

import json
import secrets
from contextlib import suppress
from typing import Any

import requests
from django.conf import settings
from twilio.request_validator import RequestValidator

from bots.models import Bot
from bots.numbers import addressed
from conversations.content import Choice
from conversations.simulator.said import Attachment, Customer, Place, Said, Tap, Unsayable, Words, place

WEBHOOK = "/whatsapp/webhook"
TIMEOUT_SECONDS = (2, 10)
"""To connect and to be answered; Twilio itself gives up after 15 s in all."""
_MIMES = {"image": "image/jpeg", "voice": "audio/ogg"}
_KINDS = {"image": "image", "voice": "audio"}


class NotDelivered(Exception):
    """The door did not take the message; `status` is its answer, None when it gave none. Send it again as it is."""

    def __init__(self, status: int | None = None) -> None:
        super().__init__(f"answered {status}" if status else "no answer")
        self.status = status


def new_key() -> str:
    """What makes a message itself: the same key sent again is the same message."""
    return secrets.token_hex(16)


def sid_of(said: Said, key: str) -> str:
    """Twilio's id of this message: MM for media, SM for all else."""
    return ("MM" if isinstance(said, Attachment) else "SM") + key


def post(bot: Bot, form: dict[str, str], base_url: str = "", public_url: str = "") -> None:
    """Delivers the form as Twilio would: signed with the sender's own token over the public address. Raises
    NotDelivered."""
    where = (base_url or f"http://127.0.0.1:{settings.PORT}").rstrip("/") + WEBHOOK
    headers = {"X-Twilio-Signature": signature(bot, form, public_url), "User-Agent": "TwilioProxy/1.1"}
    with requests.Session() as session:
        session.trust_env = False  # a proxy of the machine must not stand between the phone and its own server
        try:
            answer = session.post(where, form, headers=headers, timeout=TIMEOUT_SECONDS, allow_redirects=False)
        except requests.RequestException as error:
            raise NotDelivered from error
    if answer.status_code != 200:
        raise NotDelivered(answer.status_code)


def signature(bot: Bot, form: dict[str, str], public_url: str = "") -> str:
    validator = RequestValidator(bot.auth_token.reveal())
    return str(validator.compute_signature((public_url or settings.PUBLIC_BASE_URL) + WEBHOOK, form))


def form_of(bot: Bot, customer: Customer, said: Said, sid: str) -> dict[str, str]:
    """The form of an incoming message, all values strings."""
    return {
        "SmsMessageSid": sid,
        "NumMedia": "0",
        "SmsSid": sid,
        "SmsStatus": "received",
        "Body": "",
        "To": addressed(bot.whatsapp_number),
        "NumSegments": "1",
        "ReferralNumMedia": "0",
        "MessageSid": sid,
        "AccountSid": bot.owning_account,
        "ApiVersion": "2010-04-01",
        **_sender(customer, said),
        **_spoken(bot, said, sid),
    }


def _sender(customer: Customer, said: Said) -> dict[str, str]:
    form = {"From": addressed(customer.address)}
    context: dict[str, str] = {}
    if customer.name:
        form["ProfileName"] = context["ProfileName"] = customer.name
    if customer.is_hidden:
        form["ExternalUserId"] = form["From"]
    else:
        form["WaId"] = context["WaId"] = customer.address.removeprefix("+")
    if isinstance(said, Tap) and said.kind == "buttons":
        context |= {"ButtonText": said.choice.title, "Forwarded": "false", "FrequentlyForwarded": "false"}
    metadata = {"type": "whatsapp", "data": {"context": context}}
    return form | {"ChannelMetadata": json.dumps(metadata, ensure_ascii=False, separators=(",", ":"))}


def _spoken(bot: Bot, said: Said, sid: str) -> dict[str, str]:
    match said:
        case Words(body):
            return {"MessageType": "text", "Body": body}
        case Place():
            return {"MessageType": "location", **_place(said)}
        case Attachment(kind, caption):
            return {"MessageType": _KINDS[kind], "NumMedia": "1", "Body": caption, **_media(bot, kind, sid)}
        case Tap(choice, on, kind):
            chosen = _button(choice) if kind == "buttons" else _row(choice)
            return {"MessageType": "interactive", "Body": choice.title, **chosen, **_original(bot, on)}


def _place(shared: Place) -> dict[str, str]:
    named = {"Address": shared.address, "Label": shared.label}
    point = {"Latitude": f"{shared.latitude:f}", "Longitude": f"{shared.longitude:f}"}
    return point | {name: text for name, text in named.items() if text}


def _media(bot: Bot, kind: str, sid: str) -> dict[str, str]:
    message = f"https://api.twilio.com/2010-04-01/Accounts/{bot.owning_account}/Messages/{sid}"
    return {"MediaContentType0": _MIMES[kind], "MediaUrl0": f"{message}/Media/ME{sid[2:]}"}


def _button(choice: Choice) -> dict[str, str]:
    unforwarded = {"Forwarded": "false", "FrequentlyForwarded": "false"}
    return {"ButtonText": choice.title, "ButtonPayload": choice.id, **unforwarded}


def _row(choice: Choice) -> dict[str, str]:
    described = {"Description": choice.description} if choice.description else {}
    return {"ListId": choice.id, "ListTitle": choice.title, **described}


def _original(bot: Bot, on: str) -> dict[str, str]:
    return {"OriginalRepliedMessageSid": on, "OriginalRepliedMessageSender": addressed(bot.whatsapp_number)}


def said_of(payload: dict[str, Any]) -> Said:
    """What the customer said, read back from the form. What the phone cannot say itself is shown as its words."""
    body, mime = str(payload.get("Body", "")), str(payload.get("MediaContentType0", ""))
    point = [str(payload.get(name, "")) for name in ("Latitude", "Longitude", "Label", "Address")]
    with suppress(Unsayable):
        return place(*point)
    if mime.startswith("image/"):
        return Attachment("image", body)
    return Attachment("voice", body) if mime.startswith("audio/") else Words(body)
