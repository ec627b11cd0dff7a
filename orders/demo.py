"""The demo: two restaurants with their senders, people, menus and branches."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from bots import demo
from bots.models import Restaurant
from orders.models import Branch, Category, Item

_MENUS = Path(__file__).with_name("demo_menus")
_LOCK = 7_300_401  # any number that nothing else locks


def load() -> demo.DemoLogins:
    """Makes what has never been here and leaves alone what has; returns who may sign in with what. Safe when several
    processes call it at once. Raises DemoRefused in production."""
    demo.refuse_production()
    with transaction.atomic(durable=True):
        _one_at_a_time()
        for short, restaurant in demo.make_houses().items():
            _make_menu(restaurant, json.loads((_MENUS / f"{short}.json").read_text("utf-8")))
        return demo.logins()


def _one_at_a_time() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def _make_menu(restaurant: Restaurant, menu: dict[str, Any]) -> None:
    categories = Category.objects.bulk_create(
        Category(restaurant=restaurant, name_ar=category["ar"], name_en=category["en"], position=position)
        for position, category in enumerate(menu["categories"])
    )
    Item.objects.bulk_create(
        _item(restaurant, row, item, position)
        for row, category in zip(categories, menu["categories"], strict=True)
        for position, item in enumerate(category["items"])
    )
    Branch.objects.bulk_create(
        _branch(restaurant, branch, position) for position, branch in enumerate(menu["branches"])
    )


def _item(restaurant: Restaurant, category: Category, item: dict[str, str], position: int) -> Item:
    return Item(
        restaurant=restaurant,
        category=category,
        name_ar=item["ar"],
        name_en=item["en"],
        description_ar=item.get("about_ar", ""),
        description_en=item.get("about_en", ""),
        price=item["price"],
        position=position,
    )


def _branch(restaurant: Restaurant, branch: dict[str, str], position: int) -> Branch:
    rest = {name: branch[name] for name in ("address_ar", "address_en", "phone", "latitude", "longitude")}
    return Branch(restaurant=restaurant, name_ar=branch["ar"], name_en=branch["en"], position=position, **rest)
