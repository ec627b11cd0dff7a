"""Where one customer is in the talk: everything that the bot remembers, and nothing that the menu knows better."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from orders.cart import Cart
from orders.menu import Language

OrderType = Literal["delivery", "pickup"]
Payment = Literal["cash", "card_on_delivery", "online"]

STEPS = (
    "welcome",
    "choosing_order_type",
    "sharing_location",
    "choosing_branch",
    "choosing_category",
    "choosing_item",
    "choosing_quantity",
    "reviewing_cart",
    "choosing_payment",
    "confirming",
    "tracking",
    "rating",
    "with_staff",
)
"""The stored names. Renaming one is an upgrade in `codec.py`."""


@dataclass(frozen=True, slots=True)
class Place:
    """A point that the customer shared; degrees (WGS 84)."""

    latitude: Decimal
    longitude: Decimal
    address: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """One answer on the table: what a tap, its number or its name means."""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class State:
    """`step` is a name of `steps/`. `offers` are the answers on the table, in the order in which they were numbered.

    `kept` is a cart from before a silence, `kept_at` the time of its last change, `misses` how many answers in a row
    were not understood. `last_text` is a digest of the words heard last, `repeats` how often they came in a row.
    """

    step: str = "welcome"
    language: Language | None = None
    cart: Cart = Cart()
    cart_at: datetime | None = None
    order_type: OrderType | None = None
    branch_id: str | None = None
    place: Place | None = None
    category_id: str | None = None
    item_id: str | None = None
    payment: Payment | None = None
    page: int = 0
    offers: tuple[Offer, ...] = ()
    misses: int = 0
    last_text: str = ""
    repeats: int = 0
    kept: Cart = Cart()
    kept_at: datetime | None = None
    rating_order: str | None = None
