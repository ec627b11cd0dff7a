"""The only place that adds money: a cart and a menu in, priced lines and totals out."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from babel.numbers import get_currency_precision

from orders.cart import Cart
from orders.menu import Item, Menu


@dataclass(frozen=True, slots=True)
class PricedLine:
    item: Item
    quantity: int
    total: Decimal


@dataclass(frozen=True, slots=True)
class Priced:
    """`gone` are the ids of lines that the menu no longer sells; they cost nothing and must be taken out."""

    lines: tuple[PricedLine, ...]
    total: Decimal
    gone: frozenset[str]


def money(amount: Decimal, currency: str) -> Decimal:
    """The amount with the currency's own places (ISO 4217): SAR 2, KWD 3."""
    return amount.quantize(Decimal(1).scaleb(-get_currency_precision(currency)), rounding=ROUND_HALF_UP)


def price(cart: Cart, menu: Menu) -> Priced:
    """Every line at the menu's price of this moment."""
    lines: list[PricedLine] = []
    gone: set[str] = set()
    for line in cart.lines:
        item = menu.item(line.item_id)
        if item is None or not item.is_available:
            gone.add(line.item_id)
        else:
            lines.append(PricedLine(item, line.quantity, money(item.price * line.quantity, menu.currency)))
    total = money(sum((line.total for line in lines), Decimal(0)), menu.currency)
    return Priced(tuple(lines), total, frozenset(gone))


def missing_to_minimum(total: Decimal, menu: Menu) -> Decimal:
    """How much more must be ordered before the restaurant takes the order; 0 when it does."""
    return max(menu.minimum_order - total, Decimal(0))
