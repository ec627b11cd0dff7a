"""Connections that a restarted or hanging server does not turn into failed requests.

A connection at rest is looked at before it is lent: a server that went away has closed it, and the closed socket says
so without being asked over the network. One that rested long is asked, because what lies between may have dropped it.
"""

from __future__ import annotations

import select
from collections.abc import Callable
from time import monotonic
from typing import Any, TypeVar
from weakref import WeakSet

import psycopg
from psycopg import Connection
from psycopg.pq import ConnStatus, TransactionStatus
from psycopg_pool import ConnectionPool

from core.database.doubt import Doubt
from core.database.patience import database_within, patience_left

RESTED_LONG = 60.0
ASKED_WITHIN = 2.0
T = TypeVar("T")


class PatientConnection(Connection[Any]):
    """Gives up, and itself with it, when the server does not answer in time (`database_within`)."""

    doubt: Doubt | None = None
    resting_since = 0.0

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        try:
            return super().wait(gen, interval, patience_left() if timeout is None else timeout)
        except psycopg.OperationalError:
            self._give_up_if_lost()
            raise

    def _give_up_if_lost(self) -> None:
        if self.pgconn.transaction_status in {TransactionStatus.ACTIVE, TransactionStatus.UNKNOWN}:
            self.pgconn.finish()
            if self.doubt is not None:
                self.doubt.arise()


class LookingPool(ConnectionPool[PatientConnection]):
    """Django's pool, but nobody gets a connection that is known to be broken, and nobody waits for a server that is
    known to be away. It never pauses between two tries to connect for longer than a caller of it would wait."""

    def __init__(self, *, configure: Callable[[PatientConnection], object], **options: Any) -> None:
        self.doubt = Doubt(self._ask)
        self._lent: WeakSet[PatientConnection] = WeakSet()

        def prepare(connection: PatientConnection) -> None:
            connection.doubt, connection.resting_since = self.doubt, monotonic()
            configure(connection)

        super().__init__(
            connection_class=PatientConnection,
            configure=prepare,
            reconnect_timeout=0.0,
            reconnect_failed=lambda pool: self.doubt.arise(),
            **options,
        )

    def getconn(self, timeout: float | None = None) -> PatientConnection:
        """Raises PoolTimeout or DatabaseAway, which are OperationalErrors."""
        ends_at = monotonic() + min(patience_left() or self.timeout, self.timeout if timeout is None else timeout)
        while True:
            self.doubt.settle(ends_at - monotonic())
            connection = super().getconn(ends_at - monotonic())
            if _is_fit(connection):
                self._lent.add(connection)
                return connection
            connection.close()
            super().putconn(connection)

    def putconn(self, conn: PatientConnection) -> None:
        conn.resting_since = monotonic()
        self._lent.discard(conn)
        super().putconn(conn)

    def end(self) -> None:
        """When the process ends: also what threads that are no more have never given back is closed."""
        self.close()
        for connection in list(self._lent):
            connection.close()

    def _ask(self) -> None:
        kwargs: dict[str, Any] = {**self.kwargs, "connect_timeout": ASKED_WITHIN}  # type: ignore[dict-item]
        with database_within(ASKED_WITHIN), PatientConnection.connect(self.conninfo, **kwargs) as connection:  # type: ignore[arg-type]
            connection.execute("SELECT 1")


def is_lost(connection: PatientConnection) -> bool:
    """Whether a connection between two transactions is of no use any more. The network is asked only on suspicion."""
    if connection.pgconn.status != ConnStatus.OK:
        return True
    return _has_something_to_say(connection) and not _answers(connection)


def _is_fit(connection: PatientConnection) -> bool:
    if monotonic() - connection.resting_since > RESTED_LONG:
        return connection.pgconn.status == ConnStatus.OK and _answers(connection)
    return not is_lost(connection)


def _has_something_to_say(connection: PatientConnection) -> bool:
    """A connection at rest is silent; a word, or the end of the line, is what a server leaves that went away."""
    line = select.poll()
    line.register(connection.pgconn.socket, select.POLLIN)
    return bool(line.poll(0))


def _answers(connection: PatientConnection) -> bool:
    try:
        with database_within(ASKED_WITHIN):
            ConnectionPool.check_connection(connection)
    except psycopg.Error:
        return False
    return True
