"""Which sender was written to."""

from __future__ import annotations

from bots.models import Bot
from bots.numbers import InvalidNumber, canonical


def bot_of(number: str) -> Bot | None:
    """The sender with this number that is not retired, with its restaurant; asked of the database each time, so that
    a sender registered in one process works in all of them at once."""
    try:
        wanted = canonical(number)
    except InvalidNumber:
        return None
    return Bot.objects.select_related("restaurant").filter(whatsapp_number=wanted, retired_at__isnull=True).first()
