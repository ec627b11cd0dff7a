"""Does the database answer? One thread finds out for all, so that an outage does not make everybody wait in turn."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Lock, Thread
from time import sleep

import psycopg

ASK_EVERY = 1.0
WORTH_WAITING_FOR = 0.5


class DatabaseAway(psycopg.OperationalError):
    """It did not answer a moment ago; nobody was kept waiting for it."""


class Doubt:
    """Arises where a connection breaks, hangs or does not open; ends when `ask` (raises psycopg.Error) succeeds."""

    def __init__(self, ask: Callable[[], None]) -> None:
        self._ask = ask
        self._lock = Lock()
        self._settled = Event()
        self._settled.set()
        self._is_away = False

    def arise(self) -> None:
        with self._lock:
            if not self._settled.is_set():
                return
            self._settled.clear()
        Thread(target=self._find_out, name="database doubt", daemon=True).start()

    def settle(self, within: float) -> None:
        """Returns once the database is known to answer, which is at once as a rule. Raises DatabaseAway: at once too
        where it is known to be away."""
        if self._settled.is_set():
            return
        if self._is_away or not self._settled.wait(min(within, WORTH_WAITING_FOR)):
            raise DatabaseAway("The database does not answer; it is asked again every second.")

    def _find_out(self) -> None:
        while not self._answers():
            self._is_away = True
            sleep(ASK_EVERY)
        self._is_away = False
        self._settled.set()

    def _answers(self) -> bool:
        try:
            self._ask()
        except (psycopg.Error, OSError):
            return False
        return True
