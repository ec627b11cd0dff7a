"""Orders and the menu as the API shows and takes them. Money is a string with the currency's own places."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from bots.rest.fields import Body, Flag, Moment, Optional, fields_of
from bots.rest.paging import PageQuery
from orders import menu
from orders.models import Branch, Order, OrderLine
from orders.placing import next_statuses
from orders.pricing import money

AMOUNT: dict[str, Any] = {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?$", "example": "24.00"}

ORDER: dict[str, Any] = {
    "id": "37753688-c33e-4afe-9664-9ef99f86a5b5",
    "number": 101,
    "restaurantId": "b2d5aee3-cbdd-4b37-82f9-5e1cc64b585e",
    "conversationId": "69845536-1c6e-40b2-9109-80b602b19bc9",
    "branch": {"id": "0ec7688a-ae1f-4c6e-aec1-031a9a1d2dd2", "name": "Olaya", "nameAr": "فرع العليا"},
    "type": "pickup",
    "status": "placed",
    "nextStatuses": ["accepted"],
    "payment": "cash",
    "currency": "SAR",
    "total": "56.00",
    "lines": [
        {
            "itemId": "4df32ba9-7f07-43d7-83b2-6a10ae6369c6",
            "name": "Chicken kabsa",
            "nameAr": "كبسة دجاج",
            "quantity": 2,
            "unitPrice": "28.00",
            "total": "56.00",
        }
    ],
    "address": None,
    "latitude": None,
    "longitude": None,
    "rating": None,
    "createdAt": "2026-03-14T12:00:00Z",
    "updatedAt": "2026-03-14T12:00:00Z",
}
ITEM: dict[str, Any] = {
    "id": "4df32ba9-7f07-43d7-83b2-6a10ae6369c6",
    "name": "Chicken kabsa",
    "nameAr": "كبسة دجاج",
    "description": "Half a chicken",
    "descriptionAr": "نصف دجاجة",
    "price": "28.00",
    "isAvailable": True,
}
MENU: dict[str, Any] = {
    "currency": "SAR",
    "minimumOrder": "0.00",
    "categories": [
        {
            "id": "a6e8a0a8-12a3-4ebd-a681-e7403bf1a6e8",
            "name": "Rice dishes",
            "nameAr": "أطباق الأرز",
            "items": [ITEM],
        }
    ],
    "branches": [
        {
            "id": "0ec7688a-ae1f-4c6e-aec1-031a9a1d2dd2",
            "name": "Olaya",
            "nameAr": "فرع العليا",
            "address": "Olaya Street, Riyadh",
            "addressAr": "شارع العليا، الرياض",
            "latitude": 24.6949,
            "longitude": 46.6847,
        }
    ],
}


def amount(value: Decimal, currency: str) -> str:
    return f"{money(value, currency):f}"


class LineOut(serializers.Serializer[OrderLine]):
    """As it was when the order was placed."""

    itemId = serializers.UUIDField(source="item.code", allow_null=True, default=None)
    name = serializers.SerializerMethodField()
    nameAr = serializers.CharField(source="name_ar")
    quantity = serializers.IntegerField()
    unitPrice = serializers.SerializerMethodField()
    total = serializers.SerializerMethodField()

    def get_name(self, line: OrderLine) -> str:
        return line.name_en or line.name_ar

    @extend_schema_field(AMOUNT)
    def get_unitPrice(self, line: OrderLine) -> str:
        return amount(line.unit_price, line.order.currency)

    @extend_schema_field(AMOUNT)
    def get_total(self, line: OrderLine) -> str:
        return amount(line.total, line.order.currency)


class BranchOfOrder(serializers.Serializer[Branch]):
    id = serializers.UUIDField(source="code")
    name = serializers.SerializerMethodField()
    nameAr = serializers.CharField(source="name_ar")

    def get_name(self, branch: Branch) -> str:
        return branch.name_en or branch.name_ar


@extend_schema_serializer(examples=[OpenApiExample("To be picked up", ORDER)])
class OrderOut(serializers.Serializer[Order]):
    id = serializers.UUIDField(source="code")
    number = serializers.IntegerField()
    restaurantId = serializers.UUIDField(source="restaurant.code")
    conversationId = serializers.UUIDField(source="conversation.code")
    branch = BranchOfOrder()
    type = serializers.ChoiceField(Order.Type.choices)
    status = serializers.ChoiceField(Order.Status.choices)
    nextStatuses = serializers.SerializerMethodField()
    payment = serializers.ChoiceField(Order.Payment.choices)
    currency = serializers.CharField()
    total = serializers.SerializerMethodField()
    lines = LineOut(many=True)
    address = Optional()
    latitude = serializers.FloatField(allow_null=True)
    longitude = serializers.FloatField(allow_null=True)
    rating = serializers.IntegerField(allow_null=True)
    createdAt = Moment(source="created_at")
    updatedAt = Moment(source="updated_at")

    @extend_schema_field(AMOUNT)
    def get_total(self, order: Order) -> str:
        return amount(order.total, order.currency)

    @extend_schema_field(serializers.ListField(child=serializers.ChoiceField(Order.Status.choices)))
    def get_nextStatuses(self, order: Order) -> list[str]:
        return [str(status) for status in next_statuses(order)]


class OrdersQuery(PageQuery):
    status = serializers.ChoiceField(Order.Status.choices, required=False, allow_blank=True)


@extend_schema_serializer(examples=[OpenApiExample("The next step", {"status": "accepted"})])
class AdvanceIn(Body[Any]):
    shown_only = fields_of(OrderOut)

    status = serializers.ChoiceField(Order.Status.choices, help_text="One of `nextStatuses`, or `cancelled`.")


@extend_schema_serializer(examples=[OpenApiExample("An item", ITEM)])
class ItemOut(serializers.Serializer[menu.Item]):
    id = serializers.UUIDField()
    name = serializers.SerializerMethodField()
    nameAr = serializers.SerializerMethodField()
    description = serializers.SerializerMethodField()
    descriptionAr = serializers.SerializerMethodField()
    price = serializers.SerializerMethodField()
    isAvailable = serializers.BooleanField(source="is_available")

    def get_name(self, item: menu.Item) -> str:
        return item.name.said_in("en")

    def get_nameAr(self, item: menu.Item) -> str:
        return item.name.said_in("ar")

    def get_description(self, item: menu.Item) -> str:
        return item.description.said_in("en")

    def get_descriptionAr(self, item: menu.Item) -> str:
        return item.description.said_in("ar")

    @extend_schema_field(AMOUNT)
    def get_price(self, item: menu.Item) -> str:
        return amount(item.price, self.context["currency"])


class CategoryOut(serializers.Serializer[menu.Category]):
    id = serializers.UUIDField()
    name = serializers.SerializerMethodField()
    nameAr = serializers.SerializerMethodField()
    items = ItemOut(many=True)

    def get_name(self, category: menu.Category) -> str:
        return category.name.said_in("en")

    def get_nameAr(self, category: menu.Category) -> str:
        return category.name.said_in("ar")


class BranchOut(serializers.Serializer[menu.Branch]):
    id = serializers.UUIDField()
    name = serializers.SerializerMethodField()
    nameAr = serializers.SerializerMethodField()
    address = serializers.SerializerMethodField()
    addressAr = serializers.SerializerMethodField()
    latitude = serializers.FloatField(allow_null=True)
    longitude = serializers.FloatField(allow_null=True)

    def get_name(self, branch: menu.Branch) -> str:
        return branch.name.said_in("en")

    def get_nameAr(self, branch: menu.Branch) -> str:
        return branch.name.said_in("ar")

    def get_address(self, branch: menu.Branch) -> str:
        return branch.address.said_in("en")

    def get_addressAr(self, branch: menu.Branch) -> str:
        return branch.address.said_in("ar")


@extend_schema_serializer(examples=[OpenApiExample("A menu", MENU)])
class MenuOut(serializers.Serializer[menu.Menu]):
    """What is sold at this moment: hidden categories and closed branches are left out."""

    currency = serializers.CharField()
    minimumOrder = serializers.SerializerMethodField()
    categories = CategoryOut(many=True)
    branches = BranchOut(many=True)

    @extend_schema_field(AMOUNT)
    def get_minimumOrder(self, found: menu.Menu) -> str:
        return amount(found.minimum_order, found.currency)


@extend_schema_serializer(examples=[OpenApiExample("Sold out", {"isAvailable": False})])
class AvailabilityIn(Body[Any]):
    shown_only = fields_of(ItemOut)

    isAvailable = Flag()
