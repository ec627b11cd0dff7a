"""Work with the database that must end in time, also when the server hangs.

A server that is stopped says so, and one that is frozen says nothing: neither a statement's time-out (the server's
own) nor TCP's helps then. So a thread of this process watches the calls that cannot wait, and closes the socket of one
that is late: the call ends with OperationalError, as if the server had gone. What the server makes of a COMMIT that is
already on its way is not known then; who calls must be able to repeat the work without harm.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections

_TICK = 0.05
_mine = threading.local()


class _Call:
    """One call in its thread. `line` is Django's connection of that thread, which may not be connected yet."""

    __slots__ = ("deadline", "is_cut", "line")

    def __init__(self, deadline: float, line: Any) -> None:
        self.deadline = deadline
        self.line = line
        self.is_cut = False

    def bury(self) -> None:
        """A connection that was cut learns of it when it is used: it must not go back to the pool as a good one."""
        with suppress(Exception):
            self.line.connection.close()
            self.line.close()

    def cut(self) -> None:
        """Closes the socket under the call, both ways."""
        self.is_cut = True
        # The call may have lost or returned its connection by itself.
        with suppress(Exception), socket.socket(fileno=os.dup(self.line.connection.fileno())) as wire:
            wire.shutdown(socket.SHUT_RDWR)


class _Watch:
    """Cuts the calls that are late. Its thread starts with the first call, also in a process that was forked."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: set[_Call] = set()
        self._thread: threading.Thread | None = None

    def begin(self, call: _Call) -> None:
        with self._lock:
            self._calls.add(call)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="patience", daemon=True)
                self._thread.start()

    def end(self, call: _Call) -> None:
        """Afterwards the call is not cut any more: its connection may serve another one."""
        with self._lock:
            self._calls.discard(call)

    def _run(self) -> None:
        while True:
            time.sleep(_TICK)
            if self._calls:
                self._cut_late()

    def _cut_late(self) -> None:
        now = time.monotonic()
        with self._lock:
            for call in self._calls:
                if now >= call.deadline and not call.is_cut:
                    call.cut()


_watch = _Watch()
# A lock that another thread held while the process was forked would never be released.
os.register_at_fork(after_in_child=_watch.__init__)  # type: ignore[misc]


@contextmanager
def database_within(seconds: float) -> Iterator[None]:
    """Whatever the block asks of the database ends within about this time. Raises what Django raises when the server
    is gone (OperationalError, InterfaceError); then the block's last transaction may have been committed or not."""
    call = _Call(time.monotonic() + seconds, connections[DEFAULT_DB_ALIAS])
    _mine.deadline = call.deadline
    _watch.begin(call)
    try:
        yield
    finally:
        _watch.end(call)
        _mine.deadline = None
        if call.is_cut:
            call.bury()


def patience_left() -> float | None:
    """Seconds that the caller may still wait; None for who has no such bound."""
    deadline: float | None = getattr(_mine, "deadline", None)
    return None if deadline is None else max(deadline - time.monotonic(), 0.01)
