"""What can happen to a talk. Every event carries its own time; the talk never asks the clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from sessions_state.dialogue.state import OrderType, Place

OrderStatus = Literal["placed", "accepted", "preparing", "ready", "on_the_way", "delivered", "picked_up", "cancelled"]


@dataclass(frozen=True, slots=True)
class Said:
    """The customer wrote or tapped. `choice` is the id behind a tap, when Twilio sent one."""

    at: datetime
    text: str
    choice: str | None = None
    customer_name: str = ""


@dataclass(frozen=True, slots=True)
class SharedPlace:
    at: datetime
    place: Place


@dataclass(frozen=True, slots=True)
class SentMedia:
    """A picture, voice note, document, contact… `caption` may still hold words."""

    at: datetime
    kind: str
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Silence:
    """The deadline of the talk has passed; `at` is that deadline."""

    at: datetime


@dataclass(frozen=True, slots=True)
class HandedBack:
    """Staff gave the talk back, or nobody came in time (`unanswered`: the customer's last words got no reply)."""

    at: datetime
    unanswered: bool = False


@dataclass(frozen=True, slots=True)
class OrderSeen:
    """One order as the customer may know it. `code` is its public id, `number` what people say."""

    code: str
    number: int
    status: OrderStatus
    order_type: OrderType
    total: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class OrderPlaced:
    """Answer to the effect PlaceOrder."""

    at: datetime
    order: OrderSeen


@dataclass(frozen=True, slots=True)
class OrderRefused:
    """Answer to the effect PlaceOrder: the menu or the rules changed meanwhile. The cart stays."""

    at: datetime
    reason: Literal["gone", "minimum", "branch", "closed"]


@dataclass(frozen=True, slots=True)
class OrdersFound:
    """Answer to the effect FindOrders: the open ones and the last closed one, newest first."""

    at: datetime
    orders: tuple[OrderSeen, ...]


@dataclass(frozen=True, slots=True)
class OrderChanged:
    """The restaurant moved an order on."""

    at: datetime
    order: OrderSeen


Event = Said | SharedPlace | SentMedia | Silence | HandedBack | OrderPlaced | OrderRefused | OrdersFound | OrderChanged
