"""What a restaurant sells, as one immutable snapshot: the talk reads it, nothing changes it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

Language = Literal["ar", "en"]


@dataclass(frozen=True, slots=True)
class Words:
    """One name in both languages; a missing one falls back to the other."""

    ar: str = ""
    en: str = ""

    def said_in(self, language: Language) -> str:
        first, second = (self.ar, self.en) if language == "ar" else (self.en, self.ar)
        return first or second


@dataclass(frozen=True, slots=True)
class Item:
    """`price` is one piece in the menu's currency, tax included. `id` is the row's public code."""

    id: str
    name: Words
    price: Decimal
    description: Words = Words()
    is_available: bool = True


@dataclass(frozen=True, slots=True)
class Category:
    id: str
    name: Words
    items: tuple[Item, ...] = ()

    @property
    def on_sale(self) -> tuple[Item, ...]:
        return tuple(item for item in self.items if item.is_available)


@dataclass(frozen=True, slots=True)
class Branch:
    """Where an order can be picked up or sent from; coordinates are degrees (WGS 84), None when unknown."""

    id: str
    name: Words
    address: Words = Words()
    latitude: Decimal | None = None
    longitude: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Menu:
    """The snapshot. `restaurant` is its name, `language` the one that a new customer is greeted in."""

    restaurant: Words
    currency: str
    language: Language
    categories: tuple[Category, ...]
    branches: tuple[Branch, ...]
    minimum_order: Decimal = Decimal(0)
    cart_hours: int = 24
    support_contact: str = ""
    payment_link: str = ""
    _items: dict[str, Item] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_items", {item.id: item for item in self.all_items()})

    def all_items(self) -> Iterator[Item]:
        for category in self.categories:
            yield from category.items

    @property
    def open_categories(self) -> tuple[Category, ...]:
        """Those with something on sale."""
        return tuple(category for category in self.categories if category.on_sale)

    def item(self, item_id: str) -> Item | None:
        return self._items.get(item_id)

    def category(self, category_id: str) -> Category | None:
        return next((category for category in self.categories if category.id == category_id), None)

    def branch(self, branch_id: str) -> Branch | None:
        return next((branch for branch in self.branches if branch.id == branch_id), None)
