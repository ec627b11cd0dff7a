"""Servers stop, die and hang while all kinds of processes of the house live side by side on them.

The same processes go through one outage after the other: nobody starts them again. `OUTAGES=all` adds the rest of the
matrix to what always runs. What they took is printed (`-s`).
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psycopg
import pytest
from django.test import override_settings
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from bots.models import Bot
from tests.postgres_server import PostgresServer, postgres_server
from tests.processes import Process, free_port, gunicorn, house, manage, scratch, worker
from tests.redis_server import RedisServer, redis_server
from tests.twilio_posts import signature, text_from
from tests.world import ACCOUNT_A, NUMBER_A, TOKEN_A, fresh_sid

pytestmark = [pytest.mark.processes, pytest.mark.redis, pytest.mark.timeout(400)]

TOKEN = "a-fixed-token"
BACK_WITHIN = 30.0  # 5 s are promised; a machine that is busy with other tests is no fault of the code
MAKE_WORLD = "from tests.world import make_world; make_world()"
ALWAYS = [("stop", 5), ("kill", 5), ("freeze", 5), ("freeze", 45), ("kill", 45), ("stop", 120)]
REST = [("stop", 45), ("kill", 120), ("freeze", 120)]
OUTAGES = ALWAYS + (REST if os.environ.get("OUTAGES") == "all" else [])


def daphne(env: dict[str, str], logs: Path, port: int) -> Process:
    form = ("-m", "daphne", "-b", "127.0.0.1", "-p", str(port), "sufrah.asgi:application")
    return Process("daphne", form, env, logs / "daphne")


@dataclass
class Street:
    """All four kinds of processes on one database and one Redis."""

    server: PostgresServer
    redis: RedisServer
    processes: dict[str, Process]
    ports: dict[str, int]
    env: dict[str, str]

    def get(self, who: str, path: str, patience: float = 60.0) -> tuple[int, dict[str, Any], float]:
        """Status, JSON, seconds."""
        begun = time.monotonic()
        host = "localhost" if path.startswith("/api/") else "10.1.2.3"
        line = HTTPConnection("127.0.0.1", self.ports[who], timeout=patience)
        try:
            line.request("GET", path, headers={"Host": host, "Authorization": f"Bearer {TOKEN}"})
            answer = line.getresponse()
            body = answer.read()
            return answer.status, json.loads(body), time.monotonic() - begun
        finally:
            line.close()

    def finds_its_database(self, who: str) -> bool:
        return bool(self.get(who, "/readyz")[1]["database"])

    def customer_writes(self, who: str, customer: str) -> tuple[int, float]:
        form = text_from(
            customer, Bot(account_sid=ACCOUNT_A, whatsapp_number=NUMBER_A), "السلام عليكم", fresh_sid("SMo")
        )
        with override_settings(PUBLIC_BASE_URL=self.env["PUBLIC_BASE_URL"]):
            signed = signature("/whatsapp/webhook", form, TOKEN_A)
        headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": signed}
        begun = time.monotonic()
        line = HTTPConnection("127.0.0.1", self.ports[who], timeout=60)
        try:
            line.request("POST", "/whatsapp/webhook", urlencode(form), headers)
            answer = line.getresponse()
            answer.read()
            return answer.status, time.monotonic() - begun
        finally:
            line.close()

    def is_answered(self, customer: str) -> bool:
        """Whether the bot's reply is stored, asked without the house."""
        return bool(
            self.rows(
                "SELECT 1 FROM conversations_message m JOIN conversations_conversation c ON c.id = m.conversation_id "
                "WHERE m.direction = 'OUT' AND c.customer_address = %s",
                customer,
            )
        )

    def workers_since(self, seconds: float) -> int:
        """How many have given a sign of life within these seconds."""
        rows = self.rows(
            "SELECT 1 FROM procrastinate_workers WHERE last_heartbeat > now() - %s * interval '1 second'", seconds
        )
        return len(rows)

    def rows(self, statement: str, *arguments: object) -> list[Any]:
        with psycopg.connect(self.server.url, connect_timeout=5) as line:
            return line.execute(statement, arguments).fetchall()

    def listener(self) -> ClientConnection:
        """One that may hear."""
        line = connect(f"ws://127.0.0.1:{self.ports['daphne']}/ws", proxy=None, open_timeout=20)
        line.send(json.dumps({"type": "identify", "token": TOKEN}))
        assert frame_of(line)["type"] == "ready"
        return line


def tell(figures: str) -> None:
    sys.stdout.write(f"\n{figures}")


def frame_of(line: ClientConnection, patience: float = 60.0) -> dict[str, Any]:
    frame: dict[str, Any] = json.loads(line.recv(timeout=patience))
    return frame


def wait_for(done: Callable[[], object], patience: float = BACK_WITHIN) -> float:
    """Seconds that it took. What cannot be asked yet is asked again."""
    begun, seen = time.monotonic(), None
    while True:
        with suppress(OSError, ConnectionClosed, TimeoutError, psycopg.OperationalError, ValueError):
            seen = done()
            if seen:
                return time.monotonic() - begun
        assert time.monotonic() - begun < patience, f"it did not come back in time: {seen}"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    logs = tmp_path_factory.mktemp("outages")
    with postgres_server() as server, redis_server(logs) as redis, scratch("outages") as empty:
        yield from _served(server, redis, dict(empty), logs)


def _served(server: PostgresServer, redis: RedisServer, empty: dict[str, str], logs: Path) -> Iterator[Street]:
    ports = {"house": free_port(), "gunicorn": free_port(), "daphne": free_port()}
    env = empty | {
        "DATABASE_URL": server.url,
        "REDIS_URL": redis.url,
        "DASHBOARD_PAT": TOKEN,
        "PUBLIC_BASE_URL": "http://localhost:8000",
        "WORKER_CONCURRENCY": "4",
        "SPOOL_DIR": str(logs / "spool"),
    }
    manage(env, "migrate", "--verbosity", "0")
    manage(env, "shell", "-v", "0", "-c", MAKE_WORLD)
    processes = {
        "house": house(env, logs, ports["house"]),
        "worker": worker(env, logs),
        "gunicorn": gunicorn(env, logs, ports["gunicorn"]),
        "daphne": daphne(env, logs, ports["daphne"]),
    }
    street = Street(server, redis, processes, ports, env)
    try:
        for process in processes.values():
            process.start()
        wait_for(lambda: all(street.get(who, "/readyz")[0] == 200 for who in ports), 120)
        wait_for(lambda: street.workers_since(4) == 2, 120)
        yield street
    finally:
        server.thaw()
        redis.thaw()
        for process in processes.values():
            process.stop()


def goes(server: PostgresServer | RedisServer, how: str) -> None:
    getattr(server, how)()


def comes_back(server: PostgresServer | RedisServer, how: str) -> None:
    if how == "freeze":
        server.thaw()
    else:
        server.start()


@pytest.mark.parametrize(("how", "seconds"), OUTAGES)
def test_all_processes_survive_the_database(street: Street, how: str, seconds: int) -> None:
    began = time.monotonic()
    goes(street.server, how)
    try:
        probed = [street.get(who, "/readyz") for who in street.ports]
        alive = [street.get(who, "/healthz") for who in street.ports]
        time.sleep(max(began + seconds - time.monotonic(), 0))
        late = street.get("gunicorn", "/readyz")
    finally:
        comes_back(street.server, how)
    back = time.monotonic()

    workers = wait_for(lambda: street.workers_since(max(time.monotonic() - back, 0.0)) == 2)
    webs = wait_for(lambda: all(street.finds_its_database(who) for who in street.ports))
    customer = f"+9665511{seconds:03d}{'skf'.index(how[0]):02d}"
    status, _ = street.customer_writes("gunicorn", customer)
    answered = wait_for(lambda: street.is_answered(customer))
    with street.listener():
        pass
    calls = [street.get(who, "/api/db/restaurants/none/bots")[0] for who in street.ports]

    probe = max(took for *_, took in [*probed, late])
    tell(
        f"{how} {seconds} s: workers back after {workers:.1f} s, web {webs:.1f} s and an answer {answered:.1f} s later"
    )
    tell(f"  /readyz meanwhile within {probe:.1f} s")
    assert [name for name, process in street.processes.items() if not process.is_alive] == []
    assert {found["database"] for _, found, _ in probed} == {False}
    assert probe < 20, "a probe is answered although the database says nothing"
    assert {found[0] for found in alive} == {200}
    assert status == 200
    assert 500 not in calls


def test_a_worker_says_that_it_waits(street: Street) -> None:
    said = street.processes["worker"].log.read_text()
    assert "The database is away; the worker waits for it" in said
    assert "The database is back after" in said
    minutes = said.count("The database is away for")
    assert minutes >= 1, "once a minute, and one outage took two"


def test_a_fault_ends_a_worker_with_its_reason(street: Street, tmp_path: Path) -> None:
    """Another database, without tables: nothing that waiting would mend."""
    with psycopg.connect(street.server.url, autocommit=True) as line:
        line.execute("CREATE DATABASE empty_one")
    process = worker(street.env | {"DATABASE_URL": street.server.url.replace("/sufrah", "/empty_one")}, tmp_path, 9)
    process.start()
    assert process.running is not None
    assert process.running.wait(60) != 0
    assert "The worker ended by a fault" in process.log.read_text()
    assert "CommandError: The worker ended by a fault: Undefined" in process.log.read_text()


REDIS_AWAY = 8.0


@pytest.mark.parametrize("how", ["stop", "kill", "freeze"])
def test_an_open_socket_is_told_to_fetch_again_after_a_loss_of_redis(street: Street, how: str) -> None:
    """What was announced meanwhile is lost; webhooks and calls go on as if nothing were missing."""
    customer = f"+9665512000{'skf'.index(how[0]):02d}"
    with street.listener() as line:
        goes(street.redis, how)
        lost = time.monotonic()
        taken = [street.customer_writes(who, customer) for who in ("gunicorn", "house") * 4]
        calls = [street.get(who, "/api/admin/bots") for who in ("gunicorn", "house") * 4]
        wait_for(lambda: street.is_answered(customer))
        time.sleep(max(lost + REDIS_AWAY - time.monotonic(), 0))
        comes_back(street.redis, how)
        back = time.monotonic()
        kinds: list[str] = []
        while not kinds or kinds[-1] != "refetch":
            kinds.append(frame_of(line, 30)["type"])
        told = time.monotonic() - back
        line.send(json.dumps({"type": "ping"}))
        street.customer_writes("gunicorn", customer)
        wait_for(lambda: frame_of(line)["type"] == "message.created")
    slowest = max([took for _, took in taken] + [took for *_, took in calls])
    tell(f"Redis {how}: told to fetch again {told:.1f} s after it was back; slowest request {slowest:.2f} s")
    assert {status for status, _ in taken} == {200}
    assert {status for status, *_ in calls} == {200}
    assert slowest < 15
    assert [name for name, process in street.processes.items() if not process.is_alive] == []
