"""The catalogue rows of one restaurant as an immutable menu."""

from __future__ import annotations

from itertools import groupby
from typing import cast

from bots.models import Restaurant
from orders import menu
from orders.models import Branch, Category, Item


def menu_of(restaurant: Restaurant, *, support_contact: str = "", payment_link: str = "") -> menu.Menu:
    """What the restaurant sells at this moment, in two queries. Items that are sold out stay in, not available;
    categories that are hidden and branches that are closed stay out. `support_contact` and `payment_link` are the
    sender's; without a contact there, the restaurant's own is given."""
    return menu.Menu(
        restaurant=menu.Words(ar=restaurant.name_ar, en=restaurant.name),
        currency=restaurant.currency,
        language=cast(menu.Language, restaurant.language),
        categories=_categories(restaurant),
        branches=_branches(restaurant),
        minimum_order=restaurant.minimum_order,
        cart_hours=restaurant.cart_hours,
        support_contact=support_contact or restaurant.support_contact,
        payment_link=payment_link,
    )


def _categories(restaurant: Restaurant) -> tuple[menu.Category, ...]:
    rows = (
        Item.objects.filter(restaurant=restaurant, category__is_active=True)
        .select_related("category")
        .order_by("category__position", "category_id", "position", "id")
    )
    by_category = groupby(rows, key=lambda row: row.category)
    return tuple(_category(row, tuple(item_of(item) for item in items)) for row, items in by_category)


def _category(row: Category, items: tuple[menu.Item, ...]) -> menu.Category:
    return menu.Category(str(row.code), menu.Words(ar=row.name_ar, en=row.name_en), items)


def item_of(row: Item) -> menu.Item:
    """One row as the menu has it."""
    return menu.Item(
        id=str(row.code),
        name=menu.Words(ar=row.name_ar, en=row.name_en),
        price=row.price,
        description=menu.Words(ar=row.description_ar, en=row.description_en),
        is_available=row.is_available,
    )


def _branches(restaurant: Restaurant) -> tuple[menu.Branch, ...]:
    return tuple(
        menu.Branch(
            id=str(row.code),
            name=menu.Words(ar=row.name_ar, en=row.name_en),
            address=menu.Words(ar=row.address_ar, en=row.address_en),
            latitude=row.latitude,
            longitude=row.longitude,
        )
        for row in Branch.objects.filter(restaurant=restaurant, is_active=True)
    )
