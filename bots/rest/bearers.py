"""Who comes with tokens that nobody knows is asked to wait: so many a minute and address, then none is looked up."""

from __future__ import annotations

import time

from django.conf import settings

from bots.rest.counting import MINUTE, count, count_so_far
from bots.throttle import neighbourhood_of


def seconds_to_wait(address: str | None) -> int:
    """Until the minute ends in which this address failed too often; 0 for everybody else, and for no address."""
    if address is None:
        return 0
    now = int(time.time())
    failed = count_so_far(_name(address, now))
    return MINUTE - now % MINUTE if failed >= settings.FAILED_BEARERS_PER_MINUTE else 0


def count_failed(address: str | None) -> None:
    if address is not None:
        count(_name(address, int(time.time())))


def _name(address: str, now: int) -> str:
    return f"failed-bearers:{neighbourhood_of(address)}:{now // MINUTE}"
