"""An asynchronous connection for short statements that nobody may wait for, and for listening."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import AsyncConnection
from psycopg.pq import TransactionStatus

ANSWERS_WITHIN = 5.0


class BookkeepingConnection(AsyncConnection[Any]):
    """Gives up, and itself with it, when the server does not answer a statement within five seconds."""

    async def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        if timeout is None and not _listens(gen):
            timeout = ANSWERS_WITHIN
        try:
            return await super().wait(gen, interval, timeout)
        except psycopg.OperationalError:
            if self.pgconn.transaction_status in {TransactionStatus.ACTIVE, TransactionStatus.UNKNOWN}:
                self.pgconn.finish()
            raise


def _listens(gen: Any) -> bool:
    """Who waits for a notification waits as long as none comes; the listener asks for a sign of life in between."""
    return getattr(gen, "__name__", "") == "notifies"
