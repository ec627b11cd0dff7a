"""What is on sale at this moment."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction

from bots.audit import note
from orders.models import Item


def put_on_sale(item: Item, is_available: bool, *, by: User | None) -> bool:
    """Sold out, or to be had again; talks that go on see it with their next message. Returns False when it was so
    already."""
    with transaction.atomic(durable=True):
        rows = Item.objects.filter(pk=item.pk, is_available=not is_available)
        if not rows.update(is_available=is_available):
            return False
        changes: dict[str, list[object]] = {"is_available": [not is_available, is_available]}
        note("item.changed", item.name_en or item.name_ar, user=by, restaurant=item.restaurant, changes=changes)
    item.is_available = is_available
    return True
