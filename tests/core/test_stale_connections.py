"""A restarted PostgreSQL leaves closed connections in the pool; nobody's request may be the one that finds out."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from time import monotonic

import psycopg
import pytest
from psycopg_pool import PoolTimeout

from core.database.doubt import DatabaseAway
from core.database.patience import database_within
from core.database.pool import LookingPool
from tests.postgres_server import PostgresServer, postgres_server

pytestmark = pytest.mark.processes
CONNECTIONS = 12


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as server:
        yield server


@pytest.fixture
def pool(server: PostgresServer) -> Iterator[LookingPool]:
    kwargs = {"autocommit": True}
    with LookingPool(
        conninfo=server.url, kwargs=kwargs, configure=lambda _: None, min_size=1, max_size=CONNECTIONS, timeout=10
    ) as pool:
        yield pool


def ask_at_once(pool: LookingPool, times: int = CONNECTIONS) -> list[int]:
    """All of them hold a connection of their own at one moment."""
    together = Barrier(times)

    def ask(n: int) -> int:
        with pool.connection() as connection:
            together.wait(30)
            row = connection.execute("SELECT %s::int", [n]).fetchone()
            return int(row[0]) if row else -1

    with ThreadPoolExecutor(times) as threads:
        return list(threads.map(ask, range(times)))


@pytest.mark.parametrize("verb", ["stop", "kill"])
def test_all_requests_at_once_succeed_after_a_restart(server: PostgresServer, pool: LookingPool, verb: str) -> None:
    assert ask_at_once(pool) == list(range(CONNECTIONS))
    getattr(server, verb)()
    server.start()
    assert ask_at_once(pool) == list(range(CONNECTIONS))


def test_a_connection_at_rest_is_not_asked_over_the_network(server: PostgresServer, pool: LookingPool) -> None:
    with pool.connection() as connection:
        pid = connection.info.backend_pid
    before = _state_changed(server, pid)
    with pool.connection() as connection:
        assert connection.info.backend_pid == pid
        assert _state_changed(server, pid) == before


def _state_changed(server: PostgresServer, pid: int) -> object:
    with psycopg.connect(server.url) as other:
        row = other.execute("SELECT state_change FROM pg_stat_activity WHERE pid = %s", [pid]).fetchone()
    assert row is not None
    return row[0]


def test_nobody_waits_for_a_server_that_is_known_to_be_away(server: PostgresServer, pool: LookingPool) -> None:
    ask_at_once(pool)
    server.stop()
    try:
        begun = monotonic()
        for _ in range(200):
            with pytest.raises((DatabaseAway, PoolTimeout)), database_within(0.7), pool.connection():
                pass
        assert monotonic() - begun < 30, "200 callers that wait 0.7 s each would take 140 s"
    finally:
        server.start()
    assert ask_until_it_answers(pool) < 10


def ask_until_it_answers(pool: LookingPool) -> float:
    begun = monotonic()
    while True:
        try:
            with pool.connection(timeout=10) as connection:
                connection.execute("SELECT 1")
                return monotonic() - begun
        except psycopg.OperationalError:
            assert monotonic() - begun < 30


def test_a_server_that_hangs_is_given_up_in_time(server: PostgresServer, pool: LookingPool) -> None:
    with pool.connection() as connection:
        server.freeze()
        try:
            begun = monotonic()
            with pytest.raises(psycopg.OperationalError), database_within(1.0):
                connection.execute("SELECT 1")
            assert monotonic() - begun < 10
            assert connection.closed
            with pytest.raises(psycopg.OperationalError), database_within(1.0), pool.connection():
                pass
        finally:
            server.thaw()
    assert ask_until_it_answers(pool) < 15
