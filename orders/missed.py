"""What changed while a listener was away."""

from __future__ import annotations

from collections.abc import Collection

from bots.live import Announcement
from bots.versions import moment_of
from orders.models import Order


def missed(restaurant_ids: Collection[int], since: int, limit: int) -> list[Announcement]:
    """As `bots.missed.Missed`. One query, a stretch of an index."""
    rows = Order.objects.filter(restaurant_id__in=restaurant_ids, version__gte=since)
    fields = ("restaurant__code", "version", "code", "created_at")
    found = rows.order_by("restaurant_id", "version").values_list(*fields)[:limit]
    begin = moment_of(since)
    return [
        Announcement(
            "order.created" if created_at >= begin else "order.updated",
            str(restaurant),
            version,
            {"orderId": str(code)},
        )
        for restaurant, version, code, created_at in found
    ]
