"""What the talk wants done, done: effect -> verb of orders or conversations, inside the transaction of the turn."""

from __future__ import annotations

from datetime import datetime

from conversations.handoff import ask_for_staff
from conversations.models import Conversation
from orders.models import Order
from orders.placing import Destination, OrderNotPossible, place_order, rate, seen_by
from sessions_state.dialogue.effects import Effect, FindOrders, HandOver, PlaceOrder, RateOrder
from sessions_state.dialogue.events import Event, OrderPlaced, OrderRefused, OrderSeen, OrdersFound
from sessions_state.dialogue.state import Place


def apply(
    effect: Effect, conversation: Conversation, turn_id: int | None, *, at: datetime, now: datetime
) -> tuple[Event, ...]:
    """Does it, `now`; what the talk must hear of it comes back as events, said to be `at` the time of what was heard.
    `turn_id` is the message being answered, if any."""
    match effect:
        case PlaceOrder():
            return (_placed(effect, conversation, turn_id, at, now),)
        case FindOrders():
            orders = tuple(order_seen(order) for order in seen_by(conversation.pk))
            return (OrdersFound(at=at, orders=orders),)
        case HandOver():
            ask_for_staff(conversation, at=now, reason=effect.reason)
        case RateOrder():
            rate(effect.order_code, conversation.pk, effect.score, at=now)
    return ()


def _placed(effect: PlaceOrder, conversation: Conversation, turn_id: int | None, at: datetime, now: datetime) -> Event:
    if turn_id is None:
        raise ValueError("Only a turn that answers a message places an order")
    try:
        order = place_order(
            restaurant=conversation.restaurant,
            conversation_id=conversation.pk,
            cart=effect.cart,
            order_type=effect.order_type,
            branch_code=effect.branch_id,
            destination=_destination(effect.place),
            payment=effect.payment,
            turn_id=turn_id,
            at=now,
        )
    except OrderNotPossible as refusal:
        return OrderRefused(at=at, reason=refusal.reason)
    return OrderPlaced(at=at, order=order_seen(order))


def _destination(place: Place | None) -> Destination | None:
    if place is None:
        return None
    address = " — ".join(part for part in (place.label, place.address) if part)
    return Destination(place.latitude, place.longitude, address)


def order_seen(order: Order) -> OrderSeen:
    """The order as the customer may know it."""
    return OrderSeen(
        code=str(order.code),
        number=order.number,
        status=order.status,  # type: ignore[arg-type]  # the column's choices are the talk's words
        order_type=order.type,  # type: ignore[arg-type]
        total=order.total,
        currency=order.currency,
    )
