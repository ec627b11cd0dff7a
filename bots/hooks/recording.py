"""What is announced is written down for the addresses that want to hear it, in the same transaction."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial

from django.db import connection, transaction

from bots.hooks.models import HookEvent
from bots.jobs import wake

MOST_TRIES = 10
BEHIND = -1  # customers are answered first
_INSERT = """
INSERT INTO bots_hookdelivery (code, endpoint_id, event, data, status, attempts, tries_left, due_at, created_at)
SELECT gen_random_uuid(), id, %(event)s, %(data)s::jsonb, 'waiting', 0, %(tries)s, now(), now()
FROM bots_hookendpoint WHERE restaurant_id = %(restaurant)s AND is_active AND %(event)s = ANY(events)
RETURNING endpoint_id
"""


def record(event: str, restaurant_id: int, data: Mapping[str, object]) -> None:
    """One statement, for a restaurant that has addresses; the jobs are deferred after the commit, and the sweep finds
    what that left."""
    if event not in HookEvent.values:
        return
    values: dict[str, str | int] = {
        "event": event,
        "data": json.dumps(dict(data)),
        "restaurant": restaurant_id,
        "tries": MOST_TRIES,
    }
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, values)
        for (endpoint_id,) in cursor.fetchall():
            transaction.on_commit(partial(wake, "deliver_hooks", priority=BEHIND, endpoint_id=endpoint_id), robust=True)
