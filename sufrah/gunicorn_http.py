"""gunicorn as this house runs it: threads that no idle or slow client can hold, and log lines in our form.

gthread gives a new connection a thread before anything has come, reads headers and bodies without a limit of time, and
waits up to two seconds on its main loop for a client to close. Here a connection without data waits on the poller, who
does not send a whole request in time is cut off, and the wait for the close is the poller's as well.

Of `gunicorn.workers.gthread` this uses what is not promised to stay: its version is pinned, and
`tests/sufrah/test_slow_clients.py` shows that it still fits.
"""

from __future__ import annotations

import selectors
import socket
import time
from functools import partial
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string
from gunicorn import util
from gunicorn.glogging import Logger
from gunicorn.workers.gthread import TConn, ThreadWorker

from sufrah.bodies import tell_refusal

FIRST_BYTE_WITHIN = 10.0
CLOSE_WITHIN = 2.0
_PIECE = 65_536
_MOST_DRAINED = 4 * 1024 * 1024

# When each request that is still arriving must be there. Changed by the threads that read, seen by the main loop.
_arriving: dict[socket.socket, float] = {}


def received(environ: dict[str, Any]) -> None:
    """The request is here as a whole; from now on only its answer takes time."""
    client = environ.get("gunicorn.socket")
    if client is not None:
        _arriving.pop(client, None)


class Lines(Logger):  # type: ignore[misc]  # gunicorn has no types
    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        form = import_string(settings.LOG_LINES)()
        for handler in (*self.error_log.handlers, *self.access_log.handlers):
            handler.setFormatter(form)


class PatientConnection(TConn):  # type: ignore[misc]
    def __init__(self, worker: PatientWorker, *connection: Any) -> None:
        super().__init__(worker.cfg, *connection)
        self._worker = worker

    def close(self, graceful: bool = False) -> None:
        if graceful:
            self._worker.linger(self.sock)
        else:
            util.close(self.sock)


class PatientWorker(ThreadWorker):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._lingering: dict[socket.socket, tuple[float, int]] = {}

    def accept(self, listener: socket.socket) -> None:
        try:
            client, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        self.nr_conns += 1
        connection = PatientConnection(self, client, address, listener.getsockname())
        connection.timeout = time.monotonic() + FIRST_BYTE_WITHIN
        self.pending_conns.append(connection)
        self.poller.register(client, selectors.EVENT_READ, partial(self.on_pending_socket_readable, connection))

    def handle(self, conn: PatientConnection) -> Any:
        _arriving[conn.sock] = time.monotonic() + settings.REQUEST_SECONDS
        try:
            return super().handle(conn)
        finally:
            _arriving.pop(conn.sock, None)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        super().wait_for_and_dispatch_events(min(timeout, 1.0))
        now = time.monotonic()
        for client, until in list(_arriving.items()):
            if until < now:
                _arriving.pop(client, None)
                _cut_off(client)
        for client, (until, _) in list(self._lingering.items()):
            if until < now:
                self._let_go(client)

    def linger(self, client: socket.socket) -> None:
        """Says that nothing more comes and throws away what is still sent: a plain close would tear the answer from a
        client that has not read it yet (RFC 9112, 9.6)."""
        try:
            client.shutdown(socket.SHUT_WR)
            client.setblocking(False)
            self.poller.register(client, selectors.EVENT_READ, self._drain)
        except (OSError, ValueError):
            util.close(client)
        else:
            self._lingering[client] = (time.monotonic() + CLOSE_WITHIN, 0)

    def _drain(self, client: socket.socket) -> None:
        until, drained = self._lingering[client]
        try:
            piece = client.recv(_PIECE)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        self._lingering[client] = (until, drained + len(piece))
        if not piece or drained > _MOST_DRAINED:
            self._let_go(client)

    def _let_go(self, client: socket.socket) -> None:
        del self._lingering[client]
        self.poller.unregister(client)
        util.close(client)


def _cut_off(client: socket.socket) -> None:
    """Whoever reads from it finds its end and is free again."""
    tell_refusal(408)
    try:
        client.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
