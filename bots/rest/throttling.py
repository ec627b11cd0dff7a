"""So many calls a minute and token."""

from __future__ import annotations

import time
from dataclasses import dataclass

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from bots.rest.authentication import bearer_in
from bots.rest.counting import MINUTE, count


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
        used = count(f"api-calls:{bearer_in(request).owner}:{minute}")
        allowance = Allowance(settings.API_CALLS_PER_MINUTE, used, (minute + 1) * MINUTE)
        self.ends_at = allowance.ends_at
        request.allowance = allowance  # type: ignore[attr-defined]
        return allowance.used <= allowance.limit

    def wait(self) -> float | None:
        return self.ends_at - self.now
