"""What the talk wants done in the world. `sessions_state/effects.py` does it, in the transaction of the turn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from orders.cart import Cart
from sessions_state.dialogue.state import OrderType, Payment, Place


@dataclass(frozen=True, slots=True)
class PlaceOrder:
    """Comes back as OrderPlaced or OrderRefused."""

    cart: Cart
    order_type: OrderType
    branch_id: str
    place: Place | None
    payment: Payment


@dataclass(frozen=True, slots=True)
class FindOrders:
    """Comes back as OrdersFound."""


@dataclass(frozen=True, slots=True)
class HandOver:
    """The customer goes to a person; the bot falls silent after the replies of this turn. `looping`: nothing that was
    said led anywhere, as with an automatic reply at the other end."""

    reason: Literal["asked", "misunderstood", "looping"]


@dataclass(frozen=True, slots=True)
class RateOrder:
    order_code: str
    score: int


Effect = PlaceOrder | FindOrders | HandOver | RateOrder
