"""How much may be sent to which address, and what is answered when it is more. Asked before a body is taken in."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from django.conf import settings

logger = logging.getLogger("sufrah.request_lines")

API = "/api/"
_PIECE = 65_536


def limit_for(path: str) -> int:
    """Bytes."""
    limits: dict[str, int] = settings.BODY_LIMITS
    return next((limit for start, limit in limits.items() if path.startswith(start)), settings.MAX_BODY_BYTES)


def tell_refusal(status: int, method: str = "none") -> None:
    """The line of a request that never reached Django; of its address nothing is said."""
    known = {"method": method, "route": "none", "status": status, "refused": _SENTENCES[status]}
    logger.warning("request", extra=known)


def refusal_for(path: str, status: int) -> tuple[str, bytes]:
    """Content type and body: the API's error shape where it is the API's, else a short sentence."""
    sentence = _SENTENCES[status]
    if path.startswith(API):
        return "application/json", json.dumps({"error": sentence, "details": {}}).encode()
    return "text/plain; charset=utf-8", f"{sentence}\n".encode()


_SENTENCES = {
    400: "The request body ended too early",
    404: "Nothing is here",
    408: "The request took too long to arrive",
    413: "The request body is too large",
    426: "This address is a WebSocket's",
}


class LimitedBodies:
    """WSGI. A body that is announced too large is refused unread; any other is read first, whole and within its limit,
    also one that comes in chunks, whose length Django would take for nothing. `received` is told of each request that
    is complete, by its environment."""

    def __init__(self, application: Callable[..., Any], received: Callable[[dict[str, Any]], None]) -> None:
        self._application = application
        self._received = received

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        status = _take_body(environ)
        self._received(environ)
        if status:
            return _refuse(environ, start_response, status)
        answer: Iterable[bytes] = self._application(environ, start_response)
        return answer


def _take_body(environ: dict[str, Any]) -> int:
    """Puts what was sent in the place of what is to be read. Returns 0, or the status of the refusal."""
    limit, announced = limit_for(environ.get("PATH_INFO", "")), str(environ.get("CONTENT_LENGTH") or "")
    length = int(announced) if announced.isdecimal() and len(announced) < 20 else None
    if length is None and not environ.get("HTTP_TRANSFER_ENCODING"):
        return 413 if announced else 0
    if length is not None and length > limit:
        return 413
    body = _read(environ["wsgi.input"], limit + 1 if length is None else length)
    if len(body) > limit:
        return 413
    if length is not None and len(body) < length:
        return 400
    environ["wsgi.input"], environ["CONTENT_LENGTH"] = io.BytesIO(body), str(len(body))
    return 0


def _read(source: Any, most: int) -> bytes:
    pieces, left = [], most
    while left and (piece := source.read(min(left, _PIECE))):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)


def _refuse(environ: dict[str, Any], start_response: Callable[..., Any], status: int) -> Iterable[bytes]:
    content_type, body = refusal_for(environ.get("PATH_INFO", ""), status)
    tell_refusal(status, environ.get("REQUEST_METHOD", ""))
    # gunicorn ends a connection by its own response alone, whatever the header says.
    if close := getattr(getattr(start_response, "__self__", None), "force_close", None):
        close()
    headers = [("Content-Type", content_type), ("Content-Length", str(len(body))), ("Connection", "close")]
    start_response(f"{status} {HTTPStatus(status).phrase}", headers)
    return [body]
