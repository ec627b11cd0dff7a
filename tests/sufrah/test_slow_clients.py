"""One stranger does not stop the house: too much is refused before it is taken in, and who is slow waits alone. Tried
with real processes: everything in one, gunicorn by its shipped configuration, and daphne for sockets alone."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil
import pytest
from websockets.sync.client import connect

from tests.processes import Process, answers, free_port, manage, scratch
from tests.raw_requests import head_of, told

pytestmark = pytest.mark.processes

COMMANDS = {
    "serve": ("manage.py", "serve", "--no-worker", "--no-setup"),
    "gunicorn": ("-m", "gunicorn", "sufrah.wsgi"),
    "sockets": ("-m", "daphne", "-v", "0", "-p", "PORT", "sufrah.sockets:application"),
}
MEGABYTE = 1024 * 1024
REQUEST_SECONDS = 4
HALF_A_GIGABYTE = 600 * MEGABYTE


@pytest.fixture(scope="module")
def env() -> Iterator[dict[str, str]]:
    with scratch("slow") as env:
        manage(env, "migrate", "--verbosity", "0")
        yield env | {"REQUEST_SECONDS": str(REQUEST_SECONDS), "HTTP_WORKERS": "1", "HTTP_THREADS": "4"}


class Server:
    def __init__(self, name: str, port: int, process: Process) -> None:
        self.name, self.port, self.process = name, port, process

    def memory(self) -> int:
        own = psutil.Process(self.process.pid)
        return sum(one.memory_info().rss for one in [own, *own.children(recursive=True)])

    def lines(self) -> str:
        return self.process.log.read_text()


def started(name: str, env: dict[str, str], logs: Path) -> Server:
    port = free_port()
    command = tuple(str(port) if word == "PORT" else word for word in COMMANDS[name])
    process = Process(name, command, {**env, "PORT": str(port), "LOG_LEVEL": "INFO"}, logs / name)
    process.start()
    process.wait_until(lambda: listens(port) and "started" in process.log.read_text())
    return Server(name, port, process)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module", params=list(COMMANDS))
def server(request: Any, env: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = started(request.param, env, tmp_path_factory.mktemp("logs"))
    yield server
    server.process.stop()


@pytest.fixture(scope="module", params=["serve", "gunicorn"])
def web(request: Any, env: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = started(request.param, env, tmp_path_factory.mktemp("logs"))
    yield server
    server.process.stop()


@pytest.mark.parametrize("path", ["/api/conversations", "/whatsapp/webhook", "/nothing/here", "/ws"])
def test_a_body_is_refused_by_its_length_at_once(server: Server, path: str) -> None:
    answer = told(server.port, head_of("POST", path, f"Content-Length: {HALF_A_GIGABYTE}"))
    assert answer.status == 413
    assert answer.seconds < 4
    body = answer.answer.partition(b"\r\n\r\n")[2]
    if path.startswith("/api/"):
        assert json.loads(body) == {"error": "The request body is too large", "details": {}}
    assert b"onnection: close" in answer.answer


def test_half_a_gigabyte_is_not_kept(server: Server) -> None:
    before = server.memory()
    pieces = (b"x" * MEGABYTE for _ in range(600))
    answer = told(server.port, head_of("POST", "/inbox/", f"Content-Length: {HALF_A_GIGABYTE}"), pieces)
    assert answer.status in {413, 0}
    assert answer.sent < 100 * MEGABYTE
    assert server.memory() - before < 50 * MEGABYTE


def test_chunks_are_counted_as_they_come(server: Server) -> None:
    before = server.memory()
    pieces = (b"100000\r\n" + b"x" * MEGABYTE + b"\r\n" for _ in range(600))
    answer = told(server.port, head_of("POST", "/inbox/", "Transfer-Encoding: chunked"), pieces)
    assert answer.status in {413, 0}
    assert answer.sent < 100 * MEGABYTE
    assert server.memory() - before < 50 * MEGABYTE


@pytest.mark.parametrize("body", [b"", b"no part of anything", b'--x\r\nContent-Disposition: form-data; name="a"\r\n'])
def test_a_form_that_cannot_be_read_is_refused_in_our_words(web: Server, body: bytes) -> None:
    """Also where the server before Django would answer it with a bare 400."""
    length = f"Content-Length: {len(body)}"
    for kind in ("multipart/form-data; boundary=x", "multipart/form-data"):
        head = head_of("POST", "/api/conversations", f"Content-Type: {kind}", length, "Connection: close")
        answer = told(web.port, head, [body])
        said = json.loads(answer.answer.partition(b"\r\n\r\n")[2])
        assert answer.status in {400, 401, 415}
        assert set(said) == {"error", "details"} and said["error"]


def test_a_webhook_may_have_less(web: Server) -> None:
    assert told(web.port, head_of("POST", "/whatsapp/webhook", f"Content-Length: {65 * 1024}")).status == 413
    form = b"To=" + b"9" * 60_000
    kept = head_of("POST", "/whatsapp/webhook", f"Content-Length: {len(form)}", "Connection: close")
    assert told(web.port, kept + form).status == 415


def test_a_small_body_in_chunks_is_read(web: Server) -> None:
    head = head_of("POST", "/api/conversations", "Transfer-Encoding: chunked", "Connection: close")
    assert told(web.port, head + b"2\r\n{}\r\n0\r\n\r\n").status == 401


@pytest.mark.parametrize(
    "said",
    [
        head_of("GET", "/healthz")[:-2],
        head_of("POST", "/whatsapp/webhook", "Content-Length: 100") + b"To=",
        head_of("POST", "/whatsapp/webhook", "Transfer-Encoding: chunked") + b"5\r\nTo",
    ],
)
def test_who_does_not_finish_is_cut_off(server: Server, said: bytes) -> None:
    def drip() -> Iterator[bytes]:
        while True:
            time.sleep(0.5)
            yield b"x" if b"chunked" not in said and b"POST" in said else b""

    answer = told(server.port, said, (piece for piece, _ in zip(drip(), range(6), strict=False)))
    assert answer.status in {408, 400, 0}
    assert answer.seconds < REQUEST_SECONDS + 8
    assert "408" in server.lines()


def test_slow_and_idle_clients_hold_nobody_up(web: Server) -> None:
    """Many more than there are threads, silent, in the middle of their headers, and after an answer."""
    with ExitStack() as held:
        for number in range(40):
            client = held.enter_context(socket.create_connection(("127.0.0.1", web.port), timeout=10))
            if number % 4 == 1:
                client.sendall(head_of("GET", "/healthz"))
        began = time.monotonic()
        for _ in range(5):
            assert answers(f"http://127.0.0.1:{web.port}/healthz")
        assert time.monotonic() - began < 4


def test_as_many_slow_posts_as_threads_end_and_the_next_is_answered(web: Server) -> None:
    with ExitStack() as held:
        for _ in range(4):
            client = held.enter_context(socket.create_connection(("127.0.0.1", web.port), timeout=10))
            client.sendall(head_of("POST", "/whatsapp/webhook", "Content-Length: 100") + b"To=")
        began = time.monotonic()
        while not answers(f"http://127.0.0.1:{web.port}/healthz"):
            assert time.monotonic() - began < REQUEST_SECONDS + 8
        assert time.monotonic() - began < REQUEST_SECONDS + 8


def test_nobody_moves_the_root_of_our_addresses(web: Server) -> None:
    moved = head_of("GET", "/inbox/", "Daphne-Root-Path: /evil", "Connection: close")
    answer = told(web.port, moved)
    assert answer.status == 302
    assert b"evil" not in answer.answer


def test_the_socket_process_serves_sockets_alone(env: dict[str, str], tmp_path: Path) -> None:
    server = started("sockets", env, tmp_path)
    try:
        for path, status in (("/", 404), ("/api/conversations", 404), ("/healthz", 404), ("/ws", 426)):
            assert told(server.port, head_of("GET", path, "Connection: close")).status == status
        with connect(f"ws://127.0.0.1:{server.port}/ws", additional_headers={"Daphne-Root-Path": "/evil"}) as client:
            client.send('{"type": "ping"}')
            assert json.loads(client.recv(timeout=10))["type"] == "pong"
    finally:
        server.process.stop()


def test_all_lines_of_gunicorn_are_in_our_form(env: dict[str, str], tmp_path: Path) -> None:
    server = started("gunicorn", env, tmp_path)
    told(server.port, b"NONSENSE\r\n\r\n")
    server.process.stop()
    lines = [line for line in server.lines().splitlines() if line]
    assert any("gunicorn.error: Listening at" in line for line in lines)
    assert any("gunicorn.error: Invalid request" in line for line in lines)
    assert all(line[2] == line[5] == ":" for line in lines), lines
