"""Orders: none doubled, none missing, each as it was confirmed."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from orders.menu import Menu
from orders.models import Order, OrderCounter
from orders.pricing import price
from sessions_state.dialogue.effects import PlaceOrder
from tests.chaos.check import Check, differences
from tests.chaos.evidence import Evidence


def every_order_once(evidence: Evidence) -> Check:
    check = Check("every confirmed turn has exactly one order, and no order is without one")
    stored = Counter(order.placed_by_turn for order in evidence.orders)
    confirmed = {turn for replay in evidence.replays.values() for turn in replay.placed}
    for turn in confirmed | set(stored):
        found = stored[turn]
        check.expect(turn in confirmed and found == 1, f"turn {turn}: {found} orders, confirmed: {turn in confirmed}")
    return check


def orders_are_right(evidence: Evidence) -> Check:
    check = Check("lines, totals, branch, place and payment are those that were confirmed")
    conversations = {conversation.pk: conversation for conversation in evidence.conversations}
    for order in evidence.orders:
        conversation = conversations[order.conversation_id]
        wanted = evidence.replays[conversation.pk].placed.get(order.placed_by_turn or 0)
        if wanted is not None:
            different = differences(_as_confirmed(wanted, evidence.menu_of(conversation)), _as_stored(order))
            check.expect(not different, f"order {order.pk} differs: {different}")
        check.expect(order.restaurant_id == conversation.restaurant_id, f"order {order.pk} is another restaurant's")
    return check


def numbers_without_gaps(evidence: Evidence) -> Check:
    check = Check("order numbers run without gaps in each restaurant")
    by_restaurant: dict[int, list[int]] = defaultdict(list)
    for order in evidence.orders:
        by_restaurant[order.restaurant_id].append(order.number)
    for counter in OrderCounter.objects.all():
        numbers = sorted(by_restaurant[counter.pk])
        check.looked_at += len(numbers)
        if numbers != list(range(1, counter.last_number + 1)):
            check.wrong.append(f"restaurant {counter.pk}: {len(numbers)} orders up to number {counter.last_number}")
    return check


def _as_confirmed(wanted: PlaceOrder, menu: Menu) -> dict[str, Any]:
    priced = price(wanted.cart, menu)
    place = wanted.place
    return {
        "lines": [(line.item.id, line.quantity, line.item.price, line.total) for line in priced.lines],
        "total": priced.total,
        "type": wanted.order_type,
        "branch": wanted.branch_id,
        "payment": wanted.payment,
        "place": place and (place.latitude, place.longitude),
    }


def _as_stored(order: Order) -> dict[str, Any]:
    lines = [
        (str(line.item.code) if line.item else "", line.quantity, line.unit_price, line.total)
        for line in order.lines.all()
    ]
    return {
        "lines": lines,
        "total": order.total,
        "type": order.type,
        "branch": str(order.branch.code),
        "payment": order.payment,
        "place": (order.latitude, order.longitude) if order.type == "delivery" else None,
    }
