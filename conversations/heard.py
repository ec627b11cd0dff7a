"""What the wire brings in, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Kind = Literal[
    "text",
    "button",
    "list",
    "location",
    "image",
    "audio",
    "video",
    "document",
    "sticker",
    "contacts",
    "flow",
    "unknown",
]


class WireError(ValueError):
    """The form lacks what makes it a message: its id, its sender or its receiver."""


@dataclass(frozen=True, slots=True)
class PlaceIn:
    """A shared place, in degrees."""

    latitude: Decimal
    longitude: Decimal
    address: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class MediaIn:
    """A file that waits at the provider; `url` needs the account's credentials."""

    url: str
    content_type: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Inbound:
    """What a customer sent. Texts are storable: no NUL, no lone surrogate.

    `to` and `address` are without the channel's prefix; `phone` is E.164, or None where the customer hides it;
    `external_id` is the id that stands for a hidden number. `choice` is the id of the tapped answer.
    """

    sid: str
    account_sid: str
    to: str
    address: str
    phone: str | None
    external_id: str | None
    name: str
    kind: Kind
    body: str
    choice: str | None
    choice_title: str
    place: PlaceIn | None
    media: tuple[MediaIn, ...]
    reply_to_sid: str | None
    forwarded: bool
    payload: dict[str, str | list[str]]


@dataclass(frozen=True, slots=True)
class StatusUpdate:
    """What became of a message of ours. `reported` is the provider's word, `status` ours (Message.Status), or None
    for a word that says nothing to us. `sender` is without the channel's prefix."""

    sid: str
    status: str | None
    error_code: str
    account_sid: str
    sender: str
    reported: str
