"""An order is placed, moves on, is cancelled and is rated."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from bots.audit import note
from bots.jobs import wake
from bots.live import Kind, announce
from bots.models import Restaurant
from bots.versions import grown, next_version
from orders.cart import Cart
from orders.catalogue import menu_of
from orders.menu import Menu
from orders.models import Branch, Item, Order, OrderCounter, OrderEvent, OrderLine
from orders.pricing import Priced, missing_to_minimum, price

Status = Order.Status
Refusal = Literal["gone", "minimum", "branch", "closed"]

CLOSED = frozenset({Status.DELIVERED, Status.PICKED_UP, Status.CANCELLED})
_STEPS: dict[str, tuple[Order.Status, ...]] = {
    Order.Type.DELIVERY: (
        Status.PLACED,
        Status.ACCEPTED,
        Status.PREPARING,
        Status.READY,
        Status.ON_THE_WAY,
        Status.DELIVERED,
    ),
    Order.Type.PICKUP: (Status.PLACED, Status.ACCEPTED, Status.PREPARING, Status.READY, Status.PICKED_UP),
}


class OrderNotPossible(Exception):
    """The menu or the rules do not allow this order. `reason`: gone (an item is no longer sold, or the cart is
    empty), minimum (too small), branch (not open for orders), closed (the restaurant takes none)."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(reason)
        self.reason: Refusal = reason


class NotPossible(Exception):
    """The order cannot take this step; says why in the reader's language."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a delivery goes: degrees (WGS 84), and whatever the customer said about the place."""

    latitude: Decimal
    longitude: Decimal
    address: str = ""


def place_order(
    *,
    restaurant: Restaurant,
    conversation_id: int,
    cart: Cart,
    order_type: str,
    branch_code: str,
    destination: Destination | None,
    payment: str,
    turn_id: int,
    at: datetime,
) -> Order:
    """The order of this turn, at the prices of this moment; the same one when the turn asks again. Runs inside the
    caller's transaction. Raises OrderNotPossible and then has written nothing, and ValueError for a delivery
    without a destination."""
    placed = Order.objects.filter(placed_by_turn=turn_id).first()
    if placed is not None:
        return placed
    menu = _open_menu(restaurant)
    priced = _priced(cart, menu)
    order = Order(
        restaurant=restaurant,
        conversation_id=conversation_id,
        branch=_branch(restaurant, branch_code),
        type=order_type,
        payment=payment,
        currency=menu.currency,
        total=priced.total,
        placed_by_turn=turn_id,
        version=next_version(0, at),
    )
    if order_type == Order.Type.DELIVERY:
        _send_to(destination, order)
    return _stored(order, priced, at)


def _send_to(destination: Destination | None, order: Order) -> None:
    if destination is None:
        raise ValueError("A delivery needs a destination")
    order.latitude, order.longitude = destination.latitude, destination.longitude
    order.address = destination.address


def _open_menu(restaurant: Restaurant) -> Menu:
    current = Restaurant.objects.filter(pk=restaurant.pk, is_active=True).first()
    if current is None:
        raise OrderNotPossible("closed")
    return menu_of(current)


def _priced(cart: Cart, menu: Menu) -> Priced:
    priced = price(cart, menu)
    if priced.gone or not priced.lines:
        raise OrderNotPossible("gone")
    if missing_to_minimum(priced.total, menu):
        raise OrderNotPossible("minimum")
    return priced


def _branch(restaurant: Restaurant, code: str) -> Branch:
    wanted = _as_uuid(code)
    branch = wanted and Branch.objects.filter(restaurant=restaurant, is_active=True, code=wanted).first()
    if not branch:
        raise OrderNotPossible("branch")
    return branch


def _stored(order: Order, priced: Priced, at: datetime) -> Order:
    """All rows of the order, or those of a rival that placed the order of the same turn meanwhile; the number that
    was taken in vain goes back with the savepoint."""
    try:
        with transaction.atomic():
            order.number = _next_number(order.restaurant)
            order.save(force_insert=True)
    except IntegrityError:
        rival = Order.objects.filter(placed_by_turn=order.placed_by_turn).first()
        if rival is None:
            raise
        return rival
    _store_lines(order, priced)
    # The turn that places an order answers the customer itself.
    OrderEvent.objects.create(order=order, status=Status.PLACED, told_at=at)
    _announce("order.created", order)
    return order


def _store_lines(order: Order, priced: Priced) -> None:
    codes = [line.item.id for line in priced.lines]
    rows = {str(row.code): row for row in Item.objects.filter(restaurant=order.restaurant, code__in=codes)}
    OrderLine.objects.bulk_create(
        OrderLine(
            order=order,
            item=rows.get(line.item.id),
            name_ar=line.item.name.ar,
            name_en=line.item.name.en,
            quantity=line.quantity,
            unit_price=line.item.price,
            total=line.total,
        )
        for line in priced.lines
    )


def _next_number(restaurant: Restaurant) -> int:
    """Holds the restaurant's counter until the transaction ends: numbers have no gaps and no doubles."""
    table = connection.ops.quote_name(OrderCounter._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} AS counter (restaurant_id, last_number) VALUES (%s, 1) "  # noqa: S608 - our own name
            "ON CONFLICT (restaurant_id) DO UPDATE SET last_number = counter.last_number + 1 RETURNING last_number",
            [restaurant.pk],
        )
        return int(cursor.fetchone()[0])


def next_statuses(order: Order) -> tuple[Order.Status, ...]:
    """Where the restaurant may move the order now, besides cancelling it; nothing once it is closed."""
    steps = _STEPS[order.type]
    if order.status in CLOSED:
        return ()
    following = steps.index(Status(order.status)) + 1
    return steps[following : following + 1]


def can_cancel(order: Order) -> bool:
    return order.status not in CLOSED


def advance(order: Order, status: str, user: User | None, *, at: datetime) -> None:
    """The next step of an order's life; the customer is told. Raises NotPossible, and then nothing has changed."""
    if status not in next_statuses(order):
        raise NotPossible(_refusal(order, status))
    _move(order, Status(status), user, at)


def cancel(order: Order, user: User | None, *, at: datetime) -> None:
    """Ends an open order; the customer is told. Raises NotPossible, and then nothing has changed."""
    if not can_cancel(order):
        raise NotPossible(_refusal(order, Status.CANCELLED))
    _move(order, Status.CANCELLED, user, at)


def _move(order: Order, status: Order.Status, user: User | None, at: datetime) -> None:
    """From the status that the caller saw: of two that saw the same one, one moves the order."""
    before = order.status
    with transaction.atomic(durable=True):
        seen = Order.objects.filter(pk=order.pk, status=order.status)
        if not seen.update(status=status, version=grown(at), updated_at=at):
            order.refresh_from_db(fields=["status", "version"])
            raise NotPossible(_refusal(order, status))
        event = OrderEvent.objects.create(order=order, status=status, by=user)
        order.refresh_from_db(fields=["status", "version", "updated_at"])
        note("order.moved", order, user=user, restaurant=order.restaurant, changes={"status": [before, status.value]})
        wake("tell_customer", order_event_id=event.pk)
        _announce("order.updated", order)


def _refusal(order: Order, wanted: str) -> str:
    now = Status(order.status).label
    if order.status == wanted or order.status in CLOSED:
        return _("Order #%(number)s is already %(status)s.") % {"number": order.number, "status": now}
    return _("Order #%(number)s is %(status)s; it cannot become %(wanted)s now.") % {
        "number": order.number,
        "status": now,
        "wanted": Status(wanted).label if wanted in Status.values else wanted,
    }


def rate(order_code: str, conversation_id: int, score: int, *, at: datetime) -> bool:
    """Keeps the customer's rating, 1 to 5, of an order of theirs that has arrived; the last one counts. Runs inside
    the caller's transaction. Returns False when there is no such order."""
    if not 1 <= score <= 5:
        raise ValueError(f"A rating is 1 to 5, not {score}")
    code = _as_uuid(order_code)
    if code is None:
        return False
    arrived = Order.objects.filter(
        code=code, conversation_id=conversation_id, status__in=[Status.DELIVERED, Status.PICKED_UP]
    )
    if not arrived.update(rating=score, version=grown(at)):
        return False
    _announce("order.updated", arrived.select_related("restaurant").get())
    return True


def seen_by(conversation_id: int) -> list[Order]:
    """What a customer may ask about: the open orders and the one closed last, newest first."""
    theirs = Order.objects.filter(conversation_id=conversation_id)
    last_closed = theirs.filter(status__in=CLOSED).order_by("-id").values("pk")[:1]
    return list(theirs.filter(~Q(status__in=CLOSED) | Q(pk__in=last_closed)).order_by("-id"))


def _announce(kind: Kind, order: Order) -> None:
    announce(kind, order.restaurant, order.version, orderId=order.code)


def _as_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
