"""Django's PostgreSQL backend with a pool that looks at a connection before it lends it."""

from __future__ import annotations

from typing import Any

from django.db.backends.base.base import NO_DB_ALIAS
from django.db.backends.postgresql import base

from core.database.pool import LookingPool, PatientConnection, is_lost


class DatabaseWrapper(base.DatabaseWrapper):
    @property
    def pool(self) -> LookingPool | None:
        """The process's own, made at its first use; None where the settings ask for none."""
        options = self.settings_dict["OPTIONS"].get("pool")
        if self.alias == NO_DB_ALIAS or not options:
            return None
        pools: dict[str, Any] = self._connection_pools  # type: ignore[attr-defined]
        if self.alias not in pools:
            pools.setdefault(self.alias, self._make_pool(options))
        found: LookingPool = pools[self.alias]
        return found

    def ensure_connection(self) -> None:
        """A job's thread keeps its connection from one job to the next, over an outage as well: what is lost is given
        back before the next transaction begins, instead of failing it."""
        held = self.connection
        if isinstance(held, PatientConnection) and not self.in_atomic_block and is_lost(held):
            self.close()
        super().ensure_connection()

    def _make_pool(self, options: dict[str, Any]) -> LookingPool:
        arguments = {**self.get_connection_params(), "autocommit": True}
        return LookingPool(kwargs=arguments, open=False, configure=self._configure_connection, **options)  # type: ignore[attr-defined]
