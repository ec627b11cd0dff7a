"""One line a request: what was asked, how it ended, how long it took, for whom, and why it was refused.

While a request lasts, what is bound by `structlog.contextvars.bind_contextvars` stands on its line and on every other
line that is written meanwhile. The route is the pattern of the address: the address itself may hold what opens a door.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from time import perf_counter
from uuid import uuid4

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from structlog.contextvars import bind_contextvars, clear_contextvars

from sufrah.redaction import clean

HEADER = "X-Request-ID"
_SANE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._=:-]{7,99}")
_REFUSALS = {401, 403, 413, 429}
_QUIET = {"healthz", "readyz", "static"}

logger = logging.getLogger(__name__)


class RequestLines:
    """The outermost middleware: what all the others say belongs to the request as well."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        began, request_id = perf_counter(), _id_of(request)
        clear_contextvars()
        bind_contextvars(request_id=request_id)
        try:
            response = self.get_response(request)
            response.headers[HEADER] = request_id
            _tell(request, response.status_code, perf_counter() - began)
        finally:
            clear_contextvars()
        return response


def _id_of(request: HttpRequest) -> str:
    """The proxy's or the caller's own, where it is one and no phone or token; else a new one."""
    given = request.headers.get(HEADER, "")
    return given if _SANE.fullmatch(given) and clean(given) == given else uuid4().hex


def _tell(request: HttpRequest, status: int, seconds: float) -> None:
    route = _route_of(request)
    level = _level_of(status, route)
    if logger.isEnabledFor(level):
        known = {"method": request.method, "route": route, "status": status, "ms": round(seconds * 1000, 1)}
        # Who signed in, if somebody asked: to ask here would be another query.
        user = getattr(request, "_cached_user", None)
        who = {"user_id": user.pk} if user is not None and user.pk else {}
        logger.log(level, "request", extra={**known, **who})


def _route_of(request: HttpRequest) -> str:
    if request.resolver_match:
        return request.resolver_match.route
    asked = request.path.removeprefix("/")
    if asked in _QUIET:  # answered before anything was resolved
        return asked
    return "static" if request.path.startswith("/static/") else "none"


def _level_of(status: int, route: str) -> int:
    if status in _REFUSALS or status >= 500:
        return logging.WARNING
    return logging.DEBUG if route in _QUIET else logging.INFO
