"""The whole house stopped and started; and its processes apart, with Redis between them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.sync.client import ClientConnection, connect

from tests.processes import ROOT, Process, answers, free_port, manage, redis_server, scratch, web, worker

pytestmark = pytest.mark.processes

CUSTOMER = "0551234567"


@pytest.fixture
def env() -> Iterator[dict[str, str]]:
    with scratch("restart") as env:
        port = str(free_port())
        yield env | {"PORT": port, "PUBLIC_BASE_URL": f"http://localhost:{port}", "DASHBOARD_PAT": "a-fixed-token"}


def ready(env: dict[str, str]) -> bool:
    return answers(f"http://127.0.0.1:{env['PORT']}/readyz")


def furnish(env: dict[str, str]) -> None:
    """Tables and the demo, also on a server of one's own."""
    manage(env, "migrate", "--verbosity", "0")
    manage(env, "load_demo", "--yes")


def says(env: dict[str, str], *words: str) -> str:
    """What the bot answered, through the terminal's phone."""
    told = subprocess.run(
        [sys.executable, "manage.py", "chat", "--as", CUSTOMER],
        cwd=ROOT,
        env=env,
        input="\n".join(words) + "\n",
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
    return told.stdout


def test_an_order_goes_on_after_everything_was_stopped(env: dict[str, str], tmp_path: Path) -> None:
    furnish(env)
    house = Process("house", ("manage.py", "serve"), env, tmp_path / "house")
    house.start()
    house.wait_until(lambda: ready(env))
    # Order now, pickup, first branch, first category, first item, two of it.
    begun = says(env, "السلام عليكم", "1", "2", "1", "1", "1", "2")
    assert "سلتك" in begun

    house.stop()
    assert "Stopped." in house.log.read_text()
    assert not (Path(env["SUFRAH_DATA_DIR"]) / "postgres" / "postmaster.pid").exists(), "the database stopped as well"
    house.start()
    house.wait_until(lambda: ready(env))

    # Checkout, cash, confirm: the cart and the question are where they were.
    assert "*1*" in says(env, "1", "1", "1")
    house.stop()


@pytest.mark.redis
def test_web_and_worker_apart_tell_the_socket_through_redis(env: dict[str, str], tmp_path: Path) -> None:
    redis, env["REDIS_URL"] = redis_server(tmp_path)
    pages, jobs = web(env, tmp_path, int(env["PORT"])), worker(env, tmp_path)
    try:
        furnish(env)
        pages.start()
        jobs.start()
        pages.wait_until(lambda: ready(env))
        with connect(f"ws://127.0.0.1:{env['PORT']}/ws") as line:
            line.send(json.dumps({"type": "identify", "token": "a-fixed-token"}))
            assert next_frame(line)["type"] == "ready"
            says(env, "السلام عليكم")
            kinds = {next_frame(line)["type"] for _ in range(3)}
    finally:
        pages.stop()
        jobs.stop()
        redis.kill()
        redis.wait()
    # Only the worker settles a reply, so this frame crossed from one process to the other.
    assert kinds == {"message.created", "message.updated"}


def next_frame(line: ClientConnection) -> dict[str, object]:
    frame: dict[str, object] = json.loads(line.recv(timeout=60))
    return frame
