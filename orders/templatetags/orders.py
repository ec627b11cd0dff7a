"""Words of the orders' pages in templates."""

from __future__ import annotations

from decimal import Decimal

from babel.numbers import format_currency
from django import template
from django.utils.translation import get_language

from orders.models import Order, OrderLine

register = template.Library()


@register.filter
def amount(value: Decimal, currency: str) -> str:
    """In the reader's language; Western digits in both, as on the restaurant's receipts."""
    if get_language() == "ar":
        return format_currency(value, currency, locale="ar", numbering_system="latn")
    return format_currency(value, currency, "¤¤\u00a0#,##0.00", locale="en")


@register.filter
def money(order: Order) -> str:
    return amount(order.total, order.currency)


@register.filter
def line_name(line: OrderLine) -> str:
    """What was ordered, under the name that it had then."""
    ar, en = line.name_ar, line.name_en
    return (ar or en) if get_language() == "ar" else (en or ar)
