"""Twilio's words to ours and back. Pure translation: nothing is asked of the network or the database.

The parameters of a webhook and of a message are those of Twilio's documents (messaging/guides/webhook-request,
messaging/api/message-resource); what they carry is told apart by the fields themselves, because `MessageType` is
only a hint that older accounts do not send.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from django.http import QueryDict

from bots.models import Bot
from bots.numbers import CHANNEL_PREFIX, addressed
from conversations.content import Content, ContentError, Media, Template, Text, as_text, from_json
from conversations.heard import Inbound, Kind, MediaIn, PlaceIn, StatusUpdate, WireError
from conversations.models import Message

__all__ = [
    "Inbound",
    "Kind",
    "MediaIn",
    "PlaceIn",
    "StatusUpdate",
    "WireError",
    "content_of",
    "inbound_of",
    "parameters_of",
    "payload_of",
    "status_named",
    "status_of",
    "storable",
]

VALIDITY_SECONDS = 3600  # an answer that waits longer than this at Twilio helps nobody any more
MEDIA_LIMIT = 10
_SID_LENGTH, _ADDRESS_LENGTH, _NAME_LENGTH, _TYPE_LENGTH, _URL_LENGTH = 64, 160, 255, 100, 500
_PLACES = 14  # as many as Twilio sends
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
_UNFILLED = re.compile(r"\{\{\w+\}\}")
_INVISIBLE = re.compile("[\\s\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]+")
_VCARDS = ("text/vcard", "text/x-vcard", "text/directory")
_STATUSES: dict[str, str] = {
    "accepted": Message.Status.ACCEPTED,
    "scheduled": Message.Status.ACCEPTED,
    "queued": Message.Status.ACCEPTED,
    "sending": Message.Status.ACCEPTED,
    "sent": Message.Status.SENT,
    "delivered": Message.Status.DELIVERED,
    "read": Message.Status.READ,
    "failed": Message.Status.FAILED,
    "canceled": Message.Status.FAILED,
    "undelivered": Message.Status.UNDELIVERED,
}


def inbound_of(form: QueryDict) -> Inbound:
    """Raises WireError where there is no message in the form; whatever else is broken is stored as it is."""
    read = _Reader(form)
    address = read.address("From")
    phone = _phone_of(address, read("WaId"))
    place, media = _place_of(read), _media_of(read)
    kind = _kind_of(read, place, media)
    return Inbound(
        sid=read.needed("MessageSid", _SID_LENGTH),
        account_sid=read("AccountSid"),
        to=read.address("To"),
        address=address,
        phone=phone,
        external_id=_external_id_of(address, read("ExternalUserId")),
        name=read("ProfileName").strip()[:_NAME_LENGTH],
        kind=kind,
        body=read("Body"),
        choice=_choice_of(read, kind),
        choice_title=_choice_title_of(read, kind),
        place=place,
        media=media,
        reply_to_sid=read("OriginalRepliedMessageSid")[:_SID_LENGTH] or None,
        forwarded="true" in (read("Forwarded"), read("FrequentlyForwarded")),
        payload=payload_of(form),
    )


def status_of(form: QueryDict) -> StatusUpdate:
    """Raises WireError where there is no message id or no status."""
    read = _Reader(form)
    reported = read.needed("MessageStatus", _SID_LENGTH)
    code = read("ErrorCode").strip()
    return StatusUpdate(
        sid=read.needed("MessageSid", _SID_LENGTH),
        status=status_named(reported),
        error_code="" if code == "0" else code[:12],
        account_sid=read("AccountSid"),
        sender=_bare(read("From")),
        reported=reported[:20],
    )


def status_named(reported: str) -> str | None:
    """Our status for the provider's word. Its `queued` and the like mean to us that it has the message."""
    return _STATUSES.get(reported)


def payload_of(form: QueryDict) -> dict[str, str | list[str]]:
    """The raw form, storable; a repeated name keeps all its values."""
    return {storable(name): _one_or_all([storable(value) for value in values]) for name, values in form.lists()}


def storable(text: str) -> str:
    """The text with U+FFFD for what PostgreSQL and UTF-8 cannot hold: NUL and halves of surrogate pairs."""
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole.replace("\x00", "\ufffd")


def parameters_of(
    bot: Bot,
    message: Message,
    status_callback_url: str,
    content_sid: str | None = None,
    variables: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The keywords of `client.messages.create`. Choices without a content resource go out as numbered text.

    `status_callback_url` is "" where the provider could not reach us. Raises ContentError for what cannot be said.
    """
    parameters: dict[str, Any] = {
        "to": addressed(message.conversation.customer_address),
        "from_": addressed(bot.whatsapp_number),
        "validity_period": VALIDITY_SECONDS,
    }
    if status_callback_url:
        parameters["status_callback"] = status_callback_url
    if content_sid:
        filled = {"content_variables": json.dumps(dict(variables), ensure_ascii=False)} if variables else {}
        return {**parameters, "content_sid": content_sid, **filled}
    return {**parameters, **_plainly(content_of(message))}


def content_of(message: Message) -> Content:
    """What the row says. Raises ContentError for content that is broken."""
    try:
        return from_json(message.content) if message.content else Text(message.body)
    except ContentError:
        raise
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ContentError("The stored content is broken") from error


def _plainly(content: Content) -> dict[str, Any]:
    if isinstance(content, Media):
        return {"media_url": [content.url], **({"body": content.caption} if content.caption else {})}
    if isinstance(content, Template):
        raise ContentError(f"The template “{content.name}” is not in this account")
    return {"body": as_text(content)}


class _Reader:
    """Reads a form's values as storable text; of a repeated name the last, as Django does."""

    def __init__(self, form: QueryDict) -> None:
        self.form = form

    def __call__(self, name: str) -> str:
        return storable(str(self.form.get(name) or ""))

    def needed(self, name: str, longest: int) -> str:
        value = self(name).strip()
        if not 0 < len(value) <= longest:
            raise WireError(f"{name} is missing or too long")
        return value

    def address(self, name: str) -> str:
        value = _bare(self.needed(name, len(CHANNEL_PREFIX) + _ADDRESS_LENGTH))
        if not 0 < len(value) <= _ADDRESS_LENGTH:
            raise WireError(f"{name} is empty or too long")
        return value


def _bare(address: str) -> str:
    return address.strip().removeprefix(CHANNEL_PREFIX).strip()


def _phone_of(address: str, wa_id: str) -> str | None:
    return next((number for number in (address, f"+{wa_id.strip()}") if _NUMBER.fullmatch(number)), None)


def _external_id_of(address: str, named: str) -> str | None:
    """Never cut: two customers whose ids begin alike would become one. One that is too long to be a column stays in the
    payload alone."""
    if 0 < len(_bare(named)) <= _ADDRESS_LENGTH:
        return _bare(named)
    return None if _NUMBER.fullmatch(address) else address


def _place_of(read: _Reader) -> PlaceIn | None:
    latitude, longitude = _degrees(read("Latitude"), 90), _degrees(read("Longitude"), 180)
    if latitude is None or longitude is None:
        return None
    return PlaceIn(latitude, longitude, read("Address").strip(), read("Label").strip())


def _degrees(text: str, most: int) -> Decimal | None:
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        return None
    if not value.is_finite() or not -most <= value <= most:
        return None
    return value if -int(value.as_tuple().exponent) <= _PLACES else round(value, _PLACES)


def _media_of(read: _Reader) -> tuple[MediaIn, ...]:
    """Those whose address is given: the count beside them is not needed, and may be wrong."""
    found = [(read(f"MediaUrl{n}"), read(f"MediaContentType{n}")) for n in range(MEDIA_LIMIT)]
    name = read("Body").strip() if _is_file(found[0][1]) else ""
    return tuple(
        MediaIn(url, mime[:_TYPE_LENGTH], name[:_NAME_LENGTH] if n == 0 else "")
        for n, (url, mime) in enumerate(found)
        if 0 < len(url) <= _URL_LENGTH
    )


def _is_file(mime: str) -> bool:
    """Whether the body beside it is a file's name rather than a caption."""
    return bool(mime) and mime.partition("/")[0] not in ("image", "audio", "video")


def _kind_of(read: _Reader, place: PlaceIn | None, media: tuple[MediaIn, ...]) -> Kind:
    if place:
        return "location"
    if media:
        return _media_kind(media[0].content_type.lower(), read("MessageType"))
    if read("ButtonPayload") or read("ButtonText"):
        return "button"
    if read("ListId") or read("ListTitle"):
        return "list"
    if read("InteractiveData") or read("FlowData"):
        return "flow"
    return "text" if _INVISIBLE.sub("", read("Body")) else "unknown"


def _media_kind(mime: str, hint: str) -> Kind:
    if hint == "sticker" or (mime == "image/webp" and hint != "image"):
        return "sticker"
    if mime.partition(";")[0].strip() in _VCARDS:
        return "contacts"
    families: dict[str, Kind] = {"image": "image", "audio": "audio", "video": "video"}
    return families.get(mime.partition("/")[0], "document")


def _choice_of(read: _Reader, kind: Kind) -> str | None:
    """The tapped id; none where the provider sent a placeholder back unfilled: then the title decides."""
    named = {"button": "ButtonPayload", "list": "ListId"}.get(kind)
    tapped = read(named) if named else ""
    return None if not tapped or _UNFILLED.fullmatch(tapped) else tapped


def _choice_title_of(read: _Reader, kind: Kind) -> str:
    named = {"button": "ButtonText", "list": "ListTitle"}.get(kind)
    return (read(named) or read("Body")).strip() if named else ""


def _one_or_all(values: list[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else values
