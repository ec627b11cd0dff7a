"""Whether this process believes that the database is there. After one failure nobody asks it any more but a probe."""

from __future__ import annotations

import logging
import threading
import time

import psycopg
from django.db import InterfaceError, InternalError, OperationalError, connection
from procrastinate.exceptions import ConnectorException

from core.database.patience import database_within
from core.database.pool import PatientConnection

logger = logging.getLogger(__name__)

AWAY = (OperationalError, InterfaceError, InternalError, ConnectorException)
"""Stopped, unreachable, frozen, overloaded, out of space, or a standby that takes no writes: later it may work. The
last is what the engine of the jobs says for all of them."""
SAY_EVERY = 60.0
_ANSWERS_WITHIN = 2


class Outage:
    """`began` is None while all is well, else the monotonic time of the first failure; it `is_known` once a probe has
    failed as well."""

    def __init__(self) -> None:
        self.began: float | None = None
        self.is_known = False
        self._said = 0.0
        self._lock = threading.Lock()

    @property
    def is_on(self) -> bool:
        return self.began is not None

    def begin(self, error: Exception) -> None:
        with self._lock:
            if self.began is not None:
                return
            self.began = self._said = time.monotonic()
        logger.error("The database does not answer (%s): webhooks are kept on disk.", type(error).__name__)

    def end(self) -> None:
        with self._lock:
            if self.began is None:
                return
            lasted, self.began, self.is_known = time.monotonic() - self.began, None, False
        logger.warning("The database answers again after %.0f s.", lasted)

    def is_to_be_said(self) -> bool:
        """Once a minute while it lasts."""
        if time.monotonic() - self._said < SAY_EVERY:
            return False
        self._said = time.monotonic()
        return True

    def probe(self) -> bool:
        """Asks by a connection of its own, since those of the pool may be dead; then the pool throws its dead ones out.
        True, and the outage is over, when the database answers."""
        try:
            self._ask()
        except psycopg.Error:
            self.is_known = True
            return False
        self.end()
        return True

    def _ask(self) -> None:
        given = connection.get_connection_params()
        given |= {"connect_timeout": _ANSWERS_WITHIN, "autocommit": True}
        with database_within(_ANSWERS_WITHIN), PatientConnection.connect(**given) as line:
            line.execute("SELECT 1")
        pool = connection.pool  # type: ignore[attr-defined]  # the PostgreSQL backend's own
        if pool:
            pool.open()
            pool.drain()


outage = Outage()
"""That of this process."""
