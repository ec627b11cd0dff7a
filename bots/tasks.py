"""Jobs of the lowest room: doors that ask the time and call a verb."""

from __future__ import annotations

from django.utils import timezone
from procrastinate.contrib.django import app

from bots.hooks import delivery
from bots.hooks.recording import BEHIND


@app.task(name="deliver_hooks", priority=BEHIND)
def deliver_hooks(endpoint_id: int) -> None:
    """Tells an address what waits for it."""
    delivery.deliver(endpoint_id, timezone.now)
