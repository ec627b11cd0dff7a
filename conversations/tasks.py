"""Jobs of the conversations: doors that ask the time and call a verb."""

from __future__ import annotations

from django.utils import timezone
from procrastinate.contrib.django import app

from conversations import delivery, simulated


@app.task(name="deliver")
def deliver(conversation_id: int) -> None:
    """Sends what waits in this conversation."""
    delivery.deliver(conversation_id, timezone.now)


@app.task(name="walk_simulated")
def walk_simulated(message_id: int, status: str) -> None:
    """Lets the simulator report what became of a message."""
    simulated.walk(message_id, status, at=timezone.now())
