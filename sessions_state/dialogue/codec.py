"""State to JSON and back, across versions and whatever was stored.

What was written by an older version is upgraded; a field that cannot be read takes its default and the rest stays.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar, get_args

from orders.cart import MOST_LINES, MOST_PER_LINE, Cart
from orders.menu import Language
from sessions_state.dialogue.state import STEPS, Offer, OrderType, Payment, Place, State

log = logging.getLogger(__name__)

Json = dict[str, Any]
T = TypeVar("T")

UPGRADES: tuple[Callable[[Json], Json], ...] = ()
"""One function for each version since 1: UPGRADES[0] makes a version 2 of a version 1."""

VERSION = 1 + len(UPGRADES)


def encode(state: State) -> Json:
    """A JSON object that `decode` turns into an equal state."""
    return {
        "version": VERSION,
        "step": state.step,
        "language": state.language,
        "cart": _cart_json(state.cart),
        "cart_at": _time_json(state.cart_at),
        "order_type": state.order_type,
        "branch_id": state.branch_id,
        "place": _place_json(state.place),
        "category_id": state.category_id,
        "item_id": state.item_id,
        "payment": state.payment,
        "page": state.page,
        "offers": [{"id": offer.id, "title": offer.title} for offer in state.offers],
        "misses": state.misses,
        "last_text": state.last_text,
        "repeats": state.repeats,
        "kept": _cart_json(state.kept),
        "kept_at": _time_json(state.kept_at),
        "rating_order": state.rating_order,
    }


def decode(data: object, upgrades: tuple[Callable[[Json], Json], ...] = UPGRADES) -> State:
    """The state that was stored. Never raises: what cannot be read is logged and takes its default."""
    fields = _upgraded(dict(data) if isinstance(data, Mapping) else {}, upgrades)
    known = fields.get("step") in STEPS
    if not known and fields:
        log.error("Unknown step %r: the talk starts again, the cart is kept", fields.get("step"))
    return State(
        step=fields["step"] if known else "welcome",
        language=_one_of(Language, fields.get("language")),
        cart=_cart(fields.get("cart")),
        cart_at=_time(fields.get("cart_at")),
        order_type=_one_of(OrderType, fields.get("order_type")),
        branch_id=_text(fields.get("branch_id")),
        place=_place(fields.get("place")),
        category_id=_text(fields.get("category_id")),
        item_id=_text(fields.get("item_id")),
        payment=_one_of(Payment, fields.get("payment")),
        page=_number(fields.get("page")),
        offers=_offers(fields.get("offers")) if known else (),
        misses=_number(fields.get("misses")),
        last_text=_text(fields.get("last_text")) or "",
        repeats=_number(fields.get("repeats")),
        kept=_cart(fields.get("kept")),
        kept_at=_time(fields.get("kept_at")),
        rating_order=_text(fields.get("rating_order")),
    )


def _upgraded(fields: Json, upgrades: tuple[Callable[[Json], Json], ...]) -> Json:
    version = _number(fields.get("version")) or 1
    for upgrade in upgrades[version - 1 :]:
        try:
            fields = upgrade(fields)
        except (KeyError, TypeError, ValueError, AttributeError):
            log.exception("A stored talk could not be upgraded by %s", upgrade.__name__)
    return fields


def _one_of(allowed: Any, value: object) -> Any:
    """The value, if it is one of the literals of a Literal type."""
    return value if isinstance(value, str) and value in get_args(allowed) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _number(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0


def _time_json(time: datetime | None) -> str | None:
    return time.isoformat() if time else None


def _time(value: object) -> datetime | None:
    try:
        time = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return time if time and time.tzinfo else None


def _cart_json(cart: Cart) -> list[Json]:
    return [{"item": line.item_id, "quantity": line.quantity} for line in cart.lines]


def _cart(value: object) -> Cart:
    cart = Cart()
    for line in _objects(value)[:MOST_LINES]:
        item_id, quantity = _text(line.get("item")), _number(line.get("quantity"))
        if item_id and 1 <= quantity <= MOST_PER_LINE:
            cart = cart.add(item_id, quantity)
    return cart


def _place_json(place: Place | None) -> Json | None:
    if place is None:
        return None
    return {
        "latitude": str(place.latitude),
        "longitude": str(place.longitude),
        "address": place.address,
        "label": place.label,
    }


def _place(value: object) -> Place | None:
    if not isinstance(value, Mapping):
        return None
    latitude, longitude = _degrees(value.get("latitude"), 90), _degrees(value.get("longitude"), 180)
    if latitude is None or longitude is None:
        return None
    return Place(latitude, longitude, _text(value.get("address")) or "", _text(value.get("label")) or "")


def _degrees(value: object, most: int) -> Decimal | None:
    try:
        degrees = Decimal(value) if isinstance(value, str) else None
    except InvalidOperation:
        return None
    return degrees if degrees is not None and degrees.is_finite() and abs(degrees) <= most else None


def _offers(value: object) -> tuple[Offer, ...]:
    pairs = ((_text(offer.get("id")), _text(offer.get("title"))) for offer in _objects(value))
    return tuple(Offer(offer_id, title) for offer_id, title in pairs if offer_id and title)


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [entry for entry in value if isinstance(entry, Mapping)] if isinstance(value, list) else []
