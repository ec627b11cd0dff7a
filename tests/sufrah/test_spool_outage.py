"""The database goes away under real web processes while customers write: nothing is lost, doubled or turned round."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from tests.outages import Writing, furnish, stored
from tests.postgres_server import PostgresServer, postgres_server
from tests.processes import Process, answers, free_port, gunicorn, scratch, web
from tests.tables import say

pytestmark = [pytest.mark.processes, pytest.mark.timeout(400)]

AWAY_SECONDS = float(os.environ.get("SPOOL_OUTAGE_SECONDS", "10"))
BEFORE_AND_AFTER = 3.0
SLOWEST = 8.0
"""Seconds on a machine that does much else; a webhook that waits for the database waits 15 and more."""

Start = Callable[[dict[str, str], Path, int], Process]


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    with postgres_server() as server:
        yield server


@pytest.fixture
def env(server: PostgresServer) -> Iterator[dict[str, str]]:
    with scratch("spool") as env:
        port = free_port()
        env |= {"DATABASE_URL": server.url, "PORT": str(port), "PUBLIC_BASE_URL": f"http://localhost:{port}"}
        furnish(env)
        yield env


def daphne(env: dict[str, str], logs: Path, port: int) -> Process:
    command = ("-m", "daphne", "-b", "127.0.0.1", "-p", str(port), "sufrah.asgi:application")
    return Process("daphne", command, env, logs / "daphne")


def up(process: Process, port: int) -> None:
    process.start()
    process.wait_until(lambda: answers(f"http://127.0.0.1:{port}/healthz"))


def kept(env: dict[str, str]) -> int:
    folder = Path(env["SUFRAH_DATA_DIR"]) / "spool" / "waiting"
    return len(list(folder.rglob("*-*")))


async def emptied(env: dict[str, str], patience: float = 240.0) -> float:
    began = time.monotonic()
    while kept(env):
        assert time.monotonic() - began < patience, f"{kept(env)} webhooks are still kept"
        await asyncio.sleep(0.1)
    return time.monotonic() - began


@pytest.mark.parametrize(
    ("start", "end", "begin"),
    [
        pytest.param(gunicorn, "stop", "start", id="gunicorn-stop"),
        pytest.param(gunicorn, "kill", "start", id="gunicorn-kill"),
        pytest.param(gunicorn, "freeze", "thaw", id="gunicorn-freeze"),
        pytest.param(web, "freeze", "thaw", id="serve-freeze"),
        pytest.param(daphne, "kill", "start", id="daphne-kill"),
    ],
)
def test_every_webhook_is_answered_and_stored_in_order_once(
    server: PostgresServer, env: dict[str, str], tmp_path: Path, start: Start, end: str, begin: str
) -> None:
    port = int(env["PORT"])
    process = start(env, tmp_path, port)
    up(process, port)

    async def outage() -> tuple[Writing, float, int, float]:
        written, over = Writing(port), asyncio.Event()
        writing = asyncio.create_task(written.write(over))
        await asyncio.sleep(BEFORE_AND_AFTER)
        began = time.monotonic()
        await asyncio.to_thread(getattr(server, end))
        await asyncio.sleep(AWAY_SECONDS)
        most = kept(env)
        await asyncio.to_thread(getattr(server, begin))
        await asyncio.sleep(BEFORE_AND_AFTER)
        over.set()
        await writing
        return written, await emptied(env), most, began

    try:
        written, lag, most, began = asyncio.run(outage())
    finally:
        process.stop()

    say(f"\n{process.name}, {end}, {AWAY_SECONDS:.0f} s: {written.figures(began)}; {most} kept, {lag:.1f} s to the end")
    assert written.statuses == {200}
    assert most > AWAY_SECONDS * 20
    found = stored(server.url)
    assert in_numbers(found) == sent(written)
    assert written.turned_round(found) == []
    assert written.seconds(began)[-1] < SLOWEST


def in_numbers(found: dict[str, list[int]]) -> dict[str, list[int]]:
    return {customer: sorted(numbers) for customer, numbers in found.items()}


def sent(written: Writing) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for said in sorted(written.said, key=lambda said: said.number):
        found.setdefault(said.customer, []).append(said.number)
    return found


@pytest.mark.parametrize("start", [gunicorn, web])
def test_kill_of_the_web_process_while_it_keeps_and_while_it_records(
    server: PostgresServer, env: dict[str, str], tmp_path: Path, start: Start
) -> None:
    port = int(env["PORT"])
    process = start(env, tmp_path, port)
    up(process, port)

    async def killed() -> Writing:
        written, over = Writing(port), asyncio.Event()
        await asyncio.to_thread(server.kill)
        writing = asyncio.create_task(written.write(over, a_second=20, again=True))
        for _ in range(3):  # while it keeps
            await asyncio.sleep(1.5)
            kill(process)
            await asyncio.to_thread(up, process, port)
        over.set()
        await writing
        before = kept(env)
        await asyncio.to_thread(server.start)
        while kept(env) > before - 10:
            await asyncio.sleep(0.001)
        kill(process)  # while it records
        assert 0 < kept(env) < before
        await asyncio.to_thread(up, process, port)
        await emptied(env)
        return written

    try:
        written = asyncio.run(killed())
    finally:
        process.stop()

    assert written.statuses == {200}
    found = stored(server.url)
    assert in_numbers(found) == sent(written)
    assert written.turned_round(found) == []


def kill(process: Process) -> None:
    """SIGKILL, also of the children that it serves with."""
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    for member in family:
        member.kill()
    psutil.wait_procs(family[1:], 10)
    process.kill()


def test_a_spool_is_emptied_by_a_worker_alone(server: PostgresServer, env: dict[str, str], tmp_path: Path) -> None:
    port = int(env["PORT"])
    process = web(env, tmp_path, port)
    up(process, port)

    async def few() -> Writing:
        written, over = Writing(port), asyncio.Event()
        await asyncio.to_thread(server.kill)
        writing = asyncio.create_task(written.write(over))
        await asyncio.sleep(1)
        over.set()
        await writing
        return written

    written = asyncio.run(few())
    process.stop()
    assert kept(env) == len(written.said)
    server.start()
    with psycopg.connect(server.url) as line:
        line.execute("UPDATE bots_bot SET is_active = false")
        line.commit()
    alone = Process("worker", ("manage.py", "worker"), env, tmp_path / "worker")
    alone.start()
    try:
        asyncio.run(emptied(env))
    finally:
        alone.stop()
    assert in_numbers(stored(server.url)) == sent(written)
