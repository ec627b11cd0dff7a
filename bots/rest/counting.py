"""Counts by the minute, kept together where the processes share Redis; without it each process keeps its own."""

from __future__ import annotations

import logging

from django.core.cache import cache
from redis.exceptions import RedisError

from core.pause import Pause

MINUTE = 60
logger = logging.getLogger(__name__)
_pause = Pause(2.0)


def count(name: str) -> int:
    """One more under this name, for which there is a new one each minute; returns how many there are now. Who cannot
    be counted is let in: a limit protects the house and must not close it."""
    if _pause.is_on:
        return 1
    try:
        cache.add(name, 0, 2 * MINUTE)
        return cache.incr(name)
    except ValueError:  # a full cache has dropped it at this very moment
        return 1
    except RedisError:
        _leave_alone()
        return 1


def count_so_far(name: str) -> int:
    """How many there are; 0 as well where that cannot be asked."""
    if _pause.is_on:
        return 0
    try:
        return int(cache.get(name, 0))
    except RedisError:
        _leave_alone()
        return 0


def _leave_alone() -> None:
    _pause.begin()
    logger.warning("An API call was not counted: Redis does not answer.")
