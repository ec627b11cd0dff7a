"""Who holds the phone and what can be said with it, as plain values."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Literal

from bots.numbers import InvalidNumber, canonical
from conversations.content import Choice

TEXT_LIMIT = 4096
"""What WhatsApp itself takes in one message (Meta)."""
NAME_LIMIT = 60

# `SA.4566…` and, for a linked business, `SA.ENT.4566…`: what Twilio sends for a customer whose number is hidden.
_HIDDEN = re.compile(r"[A-Z]{2}\.(?:ENT\.)?[0-9A-Za-z]{1,64}", re.ASCII)


class Unsayable(ValueError):
    """The phone cannot send this; `problem` is one of empty, long, place or gone."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Customer:
    """`address` is E.164, or the external id of a customer whose number is hidden."""

    address: str
    name: str = ""

    @property
    def is_hidden(self) -> bool:
        return not self.address.startswith("+")


@dataclass(frozen=True, slots=True)
class Words:
    body: str


@dataclass(frozen=True, slots=True)
class Tap:
    """A choice that was tapped under the message with the provider's id `on`."""

    choice: Choice
    on: str
    kind: Literal["buttons", "list"]


@dataclass(frozen=True, slots=True)
class Place:
    """Degrees; `label` and `address` belong to named places, a dropped pin has neither."""

    latitude: Decimal
    longitude: Decimal
    label: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """The built-in sample of its kind."""

    kind: Literal["image", "voice"]
    caption: str = ""


Said = Words | Tap | Place | Attachment


def customer_of(number: str, name: str = "") -> Customer:
    """The customer of a number in any spelling, or of a hidden customer's id. Raises InvalidNumber."""
    bare = number.strip()
    address = bare if _HIDDEN.fullmatch(bare) else canonical(bare)
    return Customer(address, " ".join(name.split())[:NAME_LIMIT])


def is_somebody(number: str) -> bool:
    try:
        customer_of(number)
    except InvalidNumber:
        return False
    return True


def words(text: str) -> Words:
    """Raises Unsayable for nothing and for more than WhatsApp takes."""
    if not text.strip():
        raise Unsayable("empty")
    if len(text) > TEXT_LIMIT:
        raise Unsayable("long")
    return Words(text)


def place(latitude: str, longitude: str, label: str = "", address: str = "") -> Place:
    """Raises Unsayable for what is no point on the globe."""
    return Place(_degrees(latitude, 90), _degrees(longitude, 180), label.strip()[:100], address.strip()[:200])


def _degrees(text: str, limit: int) -> Decimal:
    try:
        value = Decimal(text.strip().replace("٫", "."))
    except InvalidOperation as error:
        raise Unsayable("place") from error
    if not value.is_finite() or not -limit <= value <= limit:
        raise Unsayable("place")
    return round(value, 14).normalize()
