"""Money as customers read it. Adds nothing: that is `orders.pricing`'s."""

from __future__ import annotations

from decimal import Decimal

from babel.numbers import format_currency

from orders.menu import Language


def shown(amount: Decimal, currency: str, language: Language) -> str:
    """ "28.00 ر.س." with its direction marks, or "SAR 28.00"; Western digits, the currency's own decimal places."""
    if language == "ar":
        return format_currency(amount, currency, locale="ar", numbering_system="latn")
    return format_currency(amount, currency, "¤¤\u00a0#,##0.00", locale="en")
