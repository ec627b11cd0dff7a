"""The orders' board and an order's page."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from bots.views import DeskRequest, at_desk, back_to, render_at_desk, show_at
from bots.words import map_of
from orders import board, placing
from orders.access import order_for, orders_in_conversation, orders_of
from orders.models import Order

FILTERS = {"open": gettext_lazy("Open"), "all": gettext_lazy("All orders"), **dict(Order.Status.choices)}


@require_safe
@at_desk
def orders(request: DeskRequest) -> HttpResponse:
    template = {"board": "_board", "more": "_cards"}.get(request.htmx.target or "", "list")
    return render_at_desk(request, f"orders/{template}.html", _board(request))


def _board(request: DeskRequest) -> dict[str, Any]:
    show = request.GET.get("show", "open")
    rows = orders_of(request.user).filter(restaurant=request.desk.restaurant)
    places = {"before": request.GET.get("before"), "until": request.GET.get("until")}
    return {
        "filters": FILTERS,
        "show": show if show in FILTERS else "open",
        "page": board.page_of(rows, show=show if show in FILTERS else "open", **places),
    }


@require_safe
@at_desk
def order(request: DeskRequest, code: UUID) -> HttpResponse:
    found = _order_at(request, code)
    return _order(request, found)


def _order_at(request: DeskRequest, code: UUID) -> Order:
    """The order of this code, on the desk of its restaurant."""
    found = order_for(request.user, code)
    show_at(request, found.restaurant)
    return found


def _order(request: DeskRequest, found: Order, refusal: str = "") -> HttpResponse:
    """`refusal` says why the last press of a button changed nothing."""
    context = {
        "order": found,
        "lines": found.lines.all(),
        "events": found.events.select_related("by"),
        "next_statuses": placing.next_statuses(found),
        "can_cancel": placing.can_cancel(found),
        "place": map_of(found.latitude, found.longitude),
        "refusal": refusal,
    }
    template = "_order" if request.htmx.target == "order" else "order"
    return render_at_desk(request, f"orders/{template}.html", context)


@require_safe
@at_desk
def of_conversation(request: DeskRequest, conversation: UUID) -> HttpResponse:
    """The last orders of one customer, for the thread beside."""
    latest = board.latest_of(orders_in_conversation(request.user, conversation))
    return render_at_desk(request, "orders/_of_conversation.html", {"orders": latest})


@require_POST
@at_desk
def advance(request: DeskRequest, code: UUID) -> HttpResponse:
    found = _order_at(request, code)
    try:
        placing.advance(found, request.POST.get("status", ""), request.user, at=timezone.now())
    except placing.NotPossible as refusal:
        return _refused(request, found, str(refusal))
    return _moved(request, found)


@require_POST
@at_desk
def cancel(request: DeskRequest, code: UUID) -> HttpResponse:
    found = _order_at(request, code)
    if not request.POST.get("sure"):
        return _refused(request, found, _("Please confirm that the order is to be cancelled."))
    try:
        placing.cancel(found, request.user, at=timezone.now())
    except placing.NotPossible as refusal:
        return _refused(request, found, str(refusal))
    return _moved(request, found)


def _moved(request: DeskRequest, found: Order) -> HttpResponse:
    return _order(request, found) if request.htmx else back_to(request, "orders:order", found.code)


def _refused(request: DeskRequest, found: Order, why: str) -> HttpResponse:
    if request.htmx:
        return _order(request, found, why)
    messages.error(request, why)
    return back_to(request, "orders:order", found.code)
