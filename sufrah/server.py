"""One daphne process: pages, API and sockets, and unless told otherwise the worker on the same event loop."""

from __future__ import annotations

import asyncio
import errno
import socket
from functools import partial
from typing import Any

from channels.routing import ProtocolTypeRouter
from daphne.endpoints import build_endpoint_description_strings
from daphne.server import Server
from twisted.internet import reactor as twisted_reactor
from twisted.internet.defer import Deferred

from sufrah import worker

# Its module swaps itself for the real one at import, which types cannot follow.
reactor: Any = twisted_reactor


class PortTaken(RuntimeError):
    """Somebody else listens there."""


class WorkerFailed(RuntimeError):
    """Something else than the database's absence ended the worker; the cause says what."""


def check_port(host: str, port: int) -> None:
    """Raises PortTaken, before anything else is started."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno in {errno.EADDRINUSE, errno.EACCES}:
                raise PortTaken(f"Port {port} is taken. Choose another one: PORT={port + 1} make run") from error
            raise


def serve(application: ProtocolTypeRouter, host: str, port: int, *, with_worker: bool) -> None:
    """Serves until Ctrl-C or SIGTERM; then the worker finishes what it has begun. Raises WorkerFailed."""
    failed: list[BaseException] = []
    server = Server(
        application,
        endpoints=build_endpoint_description_strings(host=host, port=port),
        ready_callable=partial(_start_worker, failed) if with_worker else None,
        verbosity=0,
    )
    server.run()
    if failed:
        raise WorkerFailed(f"The worker ended by a fault: {worker.brief(failed[0])}") from failed[0]


def _start_worker(failed: list[BaseException]) -> None:
    loop = asyncio.get_event_loop()
    working = loop.create_task(worker.run())
    working.add_done_callback(partial(_worker_ended, failed))

    def finish() -> Deferred[Any]:
        working.cancel()
        return Deferred.fromFuture(asyncio.gather(working, return_exceptions=True))

    reactor.addSystemEventTrigger("before", "shutdown", finish)


def _worker_ended(failed: list[BaseException], working: asyncio.Task[None]) -> None:
    """Pages without a worker would take orders that nobody answers: better to stop, loudly."""
    if working.cancelled():
        return
    error = working.exception()
    if error is not None:
        failed.append(error)
        worker.logger.error("The worker ended; the server stops.", exc_info=error)
        reactor.callFromThread(reactor.stop)
