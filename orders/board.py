"""What the orders' pages read. Changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from bots.access import found
from orders.models import Order
from orders.placing import CLOSED

ORDERS = 40
ORDERS_AT_MOST = 300


@dataclass(frozen=True, slots=True)
class Board:
    orders: Sequence[Order]
    has_more: bool


def page_of(rows: QuerySet[Order], *, show: str, before: object = None, until: object = None) -> Board:
    """Newest first: the first page, the one `before` an order, or everything `until` an order. `show` is a status,
    `open` or `all`. Raises Http404 for a place that is none of these rows, whatever they show."""
    among, rows, most = rows, rows.filter(_showing(show)), ORDERS
    if before:
        rows = rows.filter(id__lt=found(among, before).pk)
    elif until:
        most = min(max(rows.filter(id__gte=found(among, until).pk).count(), ORDERS), ORDERS_AT_MOST)
    page = list(rows.select_related("branch", "conversation").prefetch_related("lines").order_by("-id")[: most + 1])
    return Board(page[:most], len(page) > most)


def _showing(show: str) -> Q:
    if show == "open":
        return ~Q(status__in=CLOSED)
    return Q(status=show) if show in Order.Status.values else Q()


def latest_of(rows: QuerySet[Order], most: int = 3) -> list[Order]:
    """The last of these orders, newest first."""
    return list(rows.order_by("-id")[:most])
