"""The operators' pages of the catalogue and of orders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from bots.admin.kinds import Noted, ReadOnly, ReadOnlyTabular, labelled
from bots.admin.showing import NOTHING, left_to_right
from bots.numbers import for_people
from bots.words import map_of
from orders.models import Branch, Category, Item, Order, OrderEvent, OrderLine
from orders.templatetags.orders import amount

_COLOURS = {
    "placed": "info",
    "accepted": "primary",
    "preparing": "warning",
    "ready": "warning",
    "on_the_way": "warning",
    "delivered": "success",
    "picked_up": "success",
    "cancelled": "danger",
}

# Forms are generic to the type checker alone.
if TYPE_CHECKING:
    _ItemForm = forms.ModelForm[Item]
else:
    _ItemForm = forms.ModelForm


class ItemForm(_ItemForm):
    class Meta:
        model = Item
        fields = ["restaurant", "category"]

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        category, restaurant = self.cleaned_data.get("category"), self.cleaned_data.get("restaurant")
        if category and restaurant and category.restaurant_id != restaurant.pk:
            self.add_error("category", _("This category belongs to another restaurant."))
        return cleaned


@admin.register(Category)
class CategoryAdmin(Noted[Category]):
    list_display = ["name_ar", "name_en", "restaurant", "position", "is_active"]
    ordering = ["restaurant_id", "position", "id"]
    list_select_related = ["restaurant"]
    list_filter = ["is_active", "restaurant"]
    search_fields = ["name_ar", "name_en", "restaurant__name"]
    autocomplete_fields = ["restaurant"]
    noted = ("restaurant", "name_ar", "name_en", "position", "is_active")


@admin.register(Item)
class ItemAdmin(Noted[Item]):
    form = ItemForm
    list_display = ["name_ar", "name_en", "category", "restaurant", "price", "is_available"]
    ordering = ["restaurant_id", "category__position", "category_id", "position", "id"]
    list_select_related = ["restaurant", "category"]
    list_filter = ["is_available", "restaurant"]
    search_fields = ["name_ar", "name_en", "restaurant__name"]
    autocomplete_fields = ["restaurant", "category"]
    list_editable = ["price", "is_available"]
    fields = [
        "restaurant",
        "category",
        "name_ar",
        "name_en",
        "description_ar",
        "description_en",
        "price",
        "is_available",
        "position",
    ]
    noted = (
        *("restaurant", "category", "name_ar", "name_en", "description_ar", "description_en"),
        *("price", "is_available", "position"),
    )


@admin.register(Branch)
class BranchAdmin(Noted[Branch]):
    list_display = ["name_ar", "name_en", "restaurant", "phone", "position", "is_active"]
    ordering = ["restaurant_id", "position", "id"]
    list_select_related = ["restaurant"]
    list_filter = ["is_active", "restaurant"]
    search_fields = ["name_ar", "name_en", "address_ar", "address_en", "restaurant__name"]
    autocomplete_fields = ["restaurant"]
    noted = (
        *("restaurant", "name_ar", "name_en", "address_ar", "address_en", "phone", "latitude", "longitude"),
        *("position", "is_active"),
    )


class LineInline(ReadOnlyTabular[OrderLine, Order]):
    model = OrderLine
    fields = ["name_ar", "name_en", "quantity", "price_of_one", "line_total"]
    readonly_fields = ["price_of_one", "line_total"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[OrderLine]:
        return super().get_queryset(request).select_related("order")

    @admin.display(description=_("price of one"))
    def price_of_one(self, line: OrderLine) -> str:
        return amount(line.unit_price, line.order.currency)

    @admin.display(description=_("total"))
    def line_total(self, line: OrderLine) -> str:
        return amount(line.total, line.order.currency)


class EventInline(ReadOnlyTabular[OrderEvent, Order]):
    model = OrderEvent
    fields = ["status", "by", "at", "told_at"]
    readonly_fields = ["at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[OrderEvent]:
        return super().get_queryset(request).select_related("by")


@admin.register(Order)
class OrderAdmin(ReadOnly[Order]):
    list_display = [
        "__str__",
        "restaurant",
        "state",
        "type",
        "order_total",
        "payment",
        "customer",
        "branch",
        "created_at",
    ]
    list_select_related = ["restaurant", "branch", "conversation"]
    list_filter = ["status", "type", "payment", "restaurant"]
    search_fields = ["=number", "=conversation__customer_phone", "conversation__customer_name"]
    inlines = [LineInline, EventInline]
    fields = [
        ("number", "status"),
        ("restaurant", "branch"),
        ("conversation", "customer"),
        ("type", "payment"),
        ("order_total", "rating"),
        ("address", "place"),
        ("created_at", "updated_at"),
        "public_code",
    ]
    readonly_fields = ["order_total", "customer", "place", "public_code"]

    @labelled(_("status"), _COLOURS, ordering="status")
    def state(self, order: Order) -> tuple[str, str]:
        return order.status, order.get_status_display()

    @admin.display(description=_("total"), ordering="total")
    def order_total(self, order: Order) -> str:
        return amount(order.total, order.currency)

    @admin.display(description=_("customer"))
    def customer(self, order: Order) -> SafeString:
        talk = order.conversation
        number = left_to_right(for_people(talk.customer_phone or ""))
        return format_html("<bdi>{}</bdi> {}", talk.customer_name, number)

    @admin.display(description=_("Location"))
    def place(self, order: Order) -> SafeString | str:
        address = map_of(order.latitude, order.longitude)
        return (
            format_html('<a href="{}" rel="noreferrer">{}</a>', address, _("Location on the map"))
            if address
            else NOTHING
        )
