"""Orders and the menu over REST."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch
from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from bots.rest.errors import Conflict
from bots.rest.once import once
from bots.rest.paging import BY_ID, page_of
from bots.rest.viewsets import RestaurantViewSet, listed, router
from orders import placing, stock
from orders.access import item_in, order_in
from orders.catalogue import item_of, menu_of
from orders.models import Item, Order, OrderLine
from orders.serializers import AdvanceIn, AvailabilityIn, ItemOut, MenuOut, OrderOut, OrdersQuery

LINES = Prefetch("lines", OrderLine.objects.select_related("item"))


class OrderViewSet(RestaurantViewSet):
    queries = {"list": OrdersQuery}

    @extend_schema(
        operation_id="listOrders",
        summary="Orders, newest first",
        responses=OrderOut(many=True),
    )
    def list(self, request: Request) -> Response:
        page, query = self.page_asked(OrdersQuery, request)
        among = Order.objects.filter(restaurant=self.restaurant)
        rows = among.filter(status=query["status"]) if query.get("status") else among
        full = rows.select_related("restaurant", "branch", "conversation").prefetch_related(LINES)
        found = page_of(full, page, BY_ID, among=among)
        return listed(request, found, OrderOut)

    @extend_schema(operation_id="getOrder", summary="One order", responses=OrderOut)
    def retrieve(self, request: Request, code: str) -> Response:
        return Response(OrderOut(order_in(self.restaurant, code)).data)

    @extend_schema(
        operation_id="advanceOrder",
        summary="The next step of an order's life, or its end",
        description="The customer is told. 409 when the order cannot take this step.",
        request=AdvanceIn,
        responses=OrderOut,
    )
    @action(detail=True, methods=["post"])
    @once
    def advance(self, request: Request, code: str) -> Response:
        order = order_in(self.restaurant, code)
        _move(order, self.taken(AdvanceIn, request)["status"])
        return Response(OrderOut(order_in(self.restaurant, code)).data)


class MenuViewSet(RestaurantViewSet):
    @extend_schema(operation_id="getMenu", summary="What is sold now", responses=MenuOut)
    def retrieve(self, request: Request) -> Response:
        found = menu_of(self.restaurant)
        return Response(MenuOut(found, context={"currency": found.currency}).data)


class ItemViewSet(RestaurantViewSet):
    @extend_schema(
        operation_id="changeMenuItem",
        summary="Sold out, or to be had again",
        request=AvailabilityIn,
        responses=ItemOut,
    )
    @once
    def partial_update(self, request: Request, code: str) -> Response:
        item = item_in(self.restaurant, code)
        stock.put_on_sale(item, self.taken(AvailabilityIn, request)["isAvailable"], by=None)
        return Response(_shown(item_in(self.restaurant, code)))


def _move(order: Order, status: str) -> None:
    try:
        if status == Order.Status.CANCELLED:
            placing.cancel(order, None, at=timezone.now())
        else:
            placing.advance(order, status, None, at=timezone.now())
    except placing.NotPossible as refusal:
        raise Conflict(str(refusal)) from refusal


def _shown(item: Item) -> dict[str, Any]:
    return ItemOut(item_of(item), context={"currency": item.restaurant.currency}).data


urlpatterns = [
    path("menu", MenuViewSet.as_view({"get": "retrieve"})),
    *router(orders=OrderViewSet, menu_items=ItemViewSet).urls,
]
