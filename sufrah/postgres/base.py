"""Django's PostgreSQL, for callers who cannot wait: inside `bots.patience.database_within` a connection of the pool is
waited for no longer than the patience that is left, instead of the pool's own 30 s."""

from __future__ import annotations

from typing import Any

from django.db.backends.postgresql import base
from django.db.backends.postgresql.psycopg_any import IsolationLevel

from bots.patience import patience_left


class DatabaseWrapper(base.DatabaseWrapper):
    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        pool: Any = self.pool
        seconds = patience_left()
        if seconds is None or not pool or "isolation_level" in self.settings_dict["OPTIONS"]:
            return super().get_new_connection(conn_params)
        self.isolation_level = IsolationLevel.READ_COMMITTED
        pool.open()
        return pool.getconn(timeout=seconds)
