"""One POST to an address that a stranger named: resolved once, checked, and reached by number alone.

No redirect is followed, no proxy of the environment is used, nothing of the answer is read but its beginning, and the
whole exchange ends in time however slowly it trickles.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from threading import Timer
from typing import Any, cast

from certifi import where
from django.conf import settings
from urllib3 import BaseHTTPResponse, HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, SSLError
from urllib3.util import Timeout

from bots.hooks.addresses import AddressRefused, Target, resolved, target_of

EXCERPT = 200
_READ_AT_MOST = 1024


class NoAnswer(Exception):
    """Nothing came back; `reason` is one of refused, name, certificate, slow, connection."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    excerpt: str

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300


def post(url: str, body: bytes, headers: dict[str, str]) -> Answer:
    """Raises NoAnswer."""
    try:
        target = target_of(url)
        addresses = resolved(target)
    except AddressRefused as error:
        raise NoAnswer("refused") from error
    except OSError as error:
        raise NoAnswer("name") from error
    return _exchanged(target, addresses, body, headers)


class _Line:
    """The socket of one exchange, which a timer cuts. Its twin survives being wrapped for TLS."""

    def __init__(self, addresses: list[str]) -> None:
        self.addresses = addresses
        self.is_cut = False
        self.twin: socket.socket | None = None

    def opened(self, port: int, timeout: float) -> socket.socket:
        for last, address in enumerate(self.addresses, start=1 - len(self.addresses)):
            self._refuse_if_cut()  # a name may have as many dead addresses as its owner likes
            try:
                line = socket.create_connection((address, port), timeout)
            except OSError:
                if last == 0:
                    raise
            else:
                self.twin = line.dup()
                self._refuse_if_cut()
                return line
        raise OSError("no address")

    def _refuse_if_cut(self) -> None:
        if self.is_cut:
            raise TimeoutError

    def cut(self) -> None:
        self.is_cut = True
        if self.twin:
            with suppress(OSError):
                self.twin.shutdown(socket.SHUT_RDWR)

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        timer = Timer(seconds, self.cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            if self.twin:
                self.twin.close()


def _exchanged(target: Target, addresses: list[str], body: bytes, headers: dict[str, str]) -> Answer:
    line = _Line(addresses)
    try:
        with line.within(settings.HOOKS_TIMEOUT_SECONDS):
            return _asked(_pool(target, line), target.path, body, headers)
    except (HTTPError, OSError) as error:
        raise NoAnswer(_reason(error, line)) from error


def _asked(pool: HTTPConnectionPool, path: str, body: bytes, headers: dict[str, str]) -> Answer:
    with pool:
        answer = pool.urlopen(
            "POST", path, body=body, headers=headers, redirect=False, retries=False, preload_content=False
        )
        try:
            return Answer(answer.status, _excerpt(answer))
        finally:
            answer.close()


def _excerpt(answer: BaseHTTPResponse) -> str:
    """The status is a fact, whatever becomes of the rest."""
    try:
        begun = answer.read(_READ_AT_MOST, decode_content=False)
    except (HTTPError, OSError):
        begun = b""
    return begun.decode(errors="replace").replace("\0", "\ufffd")[:EXCERPT]


def _pool(target: Target, line: _Line) -> HTTPConnectionPool:
    timeout = Timeout(connect=settings.HOOKS_TIMEOUT_SECONDS / 2, read=settings.HOOKS_TIMEOUT_SECONDS)
    pool: HTTPConnectionPool
    if target.is_https:
        pool = HTTPSConnectionPool(target.host, target.port, timeout=timeout, ssl_context=_trust())
        pool.ConnectionCls = cast(Any, _over(line, HTTPSConnection))
    else:
        pool = HTTPConnectionPool(target.host, target.port, timeout=timeout)
        pool.ConnectionCls = _over(line, HTTPConnection)
    return pool


def _over(line: _Line, kind: type[HTTPConnection]) -> type[HTTPConnection]:
    """Connections that keep the name for the certificate and the Host header, and dial the checked address."""

    class Dialled(kind):  # type: ignore[misc, valid-type]
        def _new_conn(self) -> socket.socket:
            return line.opened(self.port, settings.HOOKS_TIMEOUT_SECONDS / 2)

    return Dialled


@lru_cache(maxsize=1)
def _trust() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=where())


def _reason(error: Exception, line: _Line) -> str:
    if line.is_cut or isinstance(error, TimeoutError) or "timed out" in str(error):
        return "slow"
    return "certificate" if isinstance(error, SSLError | ssl.SSLError) else "connection"
