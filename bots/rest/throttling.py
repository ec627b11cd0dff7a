"""So many calls a minute and token, counted together where the processes share Redis; without it each process counts
its own."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from bots.rest.authentication import bearer_in
from core.pause import Pause

MINUTE = 60
logger = logging.getLogger(__name__)
_pause = Pause(2.0)


@dataclass(frozen=True, slots=True)
class Allowance:
    """`ends_at` is when the next minute begins, in seconds of Unix time."""

    limit: int
    used: int
    ends_at: int

    @property
    def headers(self) -> dict[str, str]:
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(max(self.limit - self.used, 0)),
            "X-RateLimit-Reset": str(self.ends_at),
        }


class TokenThrottle(BaseThrottle):
    def allow_request(self, request: Request, view: APIView) -> bool:
        self.now = int(time.time())
        minute = self.now // MINUTE
        used = _counted(f"api-calls:{bearer_in(request).owner}:{minute}")
        allowance = Allowance(settings.API_CALLS_PER_MINUTE, used, (minute + 1) * MINUTE)
        self.ends_at = allowance.ends_at
        request.allowance = allowance  # type: ignore[attr-defined]
        return allowance.used <= allowance.limit

    def wait(self) -> float | None:
        return self.ends_at - self.now


def _counted(name: str) -> int:
    """Who cannot be counted is let in: a limit protects the house and must not close it."""
    if _pause.is_on:
        return 1
    try:
        cache.add(name, 0, 2 * MINUTE)
        return cache.incr(name)
    except ValueError:  # a full cache has dropped it at this very moment
        return 1
    except RedisError:
        _pause.begin()
        logger.warning("An API call was not counted: Redis does not answer.")
        return 1
