"""daphne's HTTP, which takes in no more than it may and waits no longer than it should.

daphne hands a request on only when it has all of it, in memory: a body of 600 MB to any address was taken in before
anybody asked. Here the headers decide, then the bytes that come; a request that does not arrive in time is cut off; and
the header with which any client could move the root of our addresses is dropped.

Outside facts: `twisted.web.http.HTTPChannel` calls `allHeadersReceived` before any of the body is kept, and
`Request.handleContentChunk` for each piece of it; `daphne.http_protocol.WebRequest` believes `Daphne-Root-Path`.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import daphne.server
from daphne.http_protocol import HTTPFactory, WebRequest
from django.conf import settings
from twisted.internet import reactor as twisted_reactor
from twisted.web.http import HTTPChannel

from sufrah.bodies import limit_for, refusal_for, tell_refusal

# Its module swaps itself for the real one at import, which types cannot follow.
reactor: Any = twisted_reactor

FIRST_BYTE_WITHIN = 10.0
IDLE_BETWEEN_REQUESTS = 75.0
CLOSE_WITHIN = 2.0
_MOST_THROWN_AWAY = 16 * 1024 * 1024
_ROOT_PATH = b"daphne-root-path"


def install() -> None:
    """daphne names its factory in its own module; every server that starts after this has ours."""
    daphne.server.HTTPFactory = PatientFactory


class PatientRequest(WebRequest):  # type: ignore[misc]  # daphne has no types
    taken_in = 0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Forms are Django's to read: twisted would read each one as well, for nobody, and answers a form that it
        cannot read with a bare 400 before Django can say in words what is wrong."""
        super().__init__(*args, **kwargs)
        self._parsePOSTFormSubmission = False

    def handleContentChunk(self, data: bytes) -> None:
        """Counted here, where chunks have lost their frames."""
        self.taken_in += len(data)
        if self.taken_in > self.channel.limit:
            self.channel.refuse(413)
        if not self.channel.is_refused:
            super().handleContentChunk(data)

    def process(self) -> Any:
        self.requestHeaders.removeHeader(_ROOT_PATH)
        return super().process()


class PatientChannel(HTTPChannel):
    """One connection, with a time for each request and a limit for its body."""

    requestFactory = PatientRequest
    is_refused = False
    limit = 0
    transport: Any
    _deadline: Any = None
    _thrown_away = 0

    def connectionMade(self) -> None:
        super().connectionMade()
        self.setTimeout(FIRST_BYTE_WITHIN)

    def dataReceived(self, data: bytes) -> None:
        if self.is_refused:
            self._throw_away(data)
            return
        if self._deadline is None and not self._handlingRequest:
            self._deadline = reactor.callLater(settings.REQUEST_SECONDS, self._took_too_long)
        super().dataReceived(data)

    def allHeadersReceived(self) -> None:
        target: Any = self._path
        self.limit = limit_for(target.decode("latin-1"))
        if (self.length or 0) > self.limit:
            self.refuse(413)
        else:
            super().allHeadersReceived()

    def rawDataReceived(self, data: bytes) -> None:
        if not self.is_refused:
            super().rawDataReceived(data)

    def allContentReceived(self) -> None:
        self._forget_deadline()
        if not self.is_refused:
            super().allContentReceived()

    def connectionLost(self, reason: Any = None) -> None:
        self._forget_deadline()
        super().connectionLost(reason)

    def refuse(self, status: int) -> None:
        """Answers, says that nothing more comes, and throws away what is still sent for a moment: a plain close would
        tear the answer from a client that has not read it yet (RFC 9112, 9.6)."""
        if self.is_refused:
            return
        self.is_refused = True
        self._forget_deadline()
        self.setTimeout(None)
        path, method = getattr(self, "_path", b""), getattr(self, "_command", b"")
        tell_refusal(status, method.decode("latin-1")[:16])
        self.transport.write(_answer(path.decode("latin-1"), status))
        self._networkProducer.unregisterProducer()
        self.transport.loseWriteConnection()
        self._abortingCall = reactor.callLater(CLOSE_WITHIN, self.forceAbortClient)

    def _throw_away(self, data: bytes) -> None:
        self._thrown_away += len(data)
        if self._thrown_away > _MOST_THROWN_AWAY and self._abortingCall is not None:
            self._abortingCall.cancel()
            self.forceAbortClient()

    def _took_too_long(self) -> None:
        self._deadline = None
        self.refuse(408)

    def _forget_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class PatientFactory(HTTPFactory):  # type: ignore[misc]
    """HTTP/1.1 alone: TLS and HTTP/2 are the proxy's."""

    protocol = PatientChannel

    def __init__(self, server: Any) -> None:
        super().__init__(server)
        self.timeOut = IDLE_BETWEEN_REQUESTS

    def buildProtocol(self, addr: Any) -> Any:
        channel = super().buildProtocol(addr)
        channel.requestFactory = PatientRequest
        return channel


def _answer(path: str, status: int) -> bytes:
    content_type, body = refusal_for(path, status)
    head = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode("ascii") + body
