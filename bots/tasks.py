"""Jobs of the lowest room: doors that ask the time and call a verb."""

from __future__ import annotations

from django.utils import timezone
from procrastinate.contrib.django import app

from bots.hooks import delivery


@app.task(name="deliver_hooks")
def deliver_hooks(endpoint_id: int) -> None:
    """Tells an address what waits for it."""
    delivery.deliver(endpoint_id, timezone.now)
