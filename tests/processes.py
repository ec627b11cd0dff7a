"""Real processes of the house, and a place of their own that is gone afterwards.

`with scratch("chaos") as env:` gives the environment of an empty database and data folder; `web(env, …)`,
`worker(env, …)` and `fake_twilio(env, …)` are processes in it, started, killed and started again at will.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, build_opener

import psutil
import psycopg
from psycopg import sql

from sufrah import embedded
from tests import needs

ROOT = Path(__file__).resolve().parent.parent
STARTS_WITHIN = 60.0
_direct = build_opener(ProxyHandler({}))


class NotReady(RuntimeError):
    """A process did not come up, or ended by itself; the message says where its words are."""


@dataclass
class Process:
    """`command` follows the interpreter; what the process says goes to the end of `log`.

    `code` is the folder whose code it runs: another release's in a test of a roll-out.
    """

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str]
    log: Path
    running: subprocess.Popen[bytes] | None = None
    code: Path = ROOT

    def start(self) -> None:
        with self.log.open("ab") as words:
            self.running = subprocess.Popen(
                [sys.executable, *self.command],
                cwd=self.code,
                env=dict(self.env),
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=words,
            )

    def kill(self) -> None:
        """SIGKILL: nothing of it runs on."""
        if self.running is not None:
            self.running.kill()
            self.running.wait()

    def stop(self, patience: float = 15.0) -> None:
        """SIGTERM, and SIGKILL for who does not hear it."""
        if self.running is None:
            return
        self.running.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.running.wait(patience)
        self.kill()

    @property
    def is_alive(self) -> bool:
        return self.running is not None and self.running.poll() is None

    @property
    def pid(self) -> int:
        if self.running is None:
            raise NotReady(f"{self.name} was never started")
        return self.running.pid

    def wait_until(self, ready: Callable[[], bool], patience: float = STARTS_WITHIN) -> None:
        """Raises NotReady when it ends or `ready` does not come."""
        limit = time.monotonic() + patience
        while not ready():
            if not self.is_alive or time.monotonic() > limit:
                raise NotReady(f"{self.name} is not ready; see {self.log}")
            time.sleep(0.1)


def web(env: Mapping[str, str], logs: Path, port: int) -> Process:
    """The web process alone, under daphne as `make run` has it."""
    return Process("web", ("manage.py", "serve", "--no-worker", "--no-setup"), {**env, "PORT": str(port)}, logs / "web")


def house(env: Mapping[str, str], logs: Path, port: int) -> Process:
    """Web and worker in one process, as on a laptop."""
    return Process("house", ("manage.py", "serve", "--no-setup"), {**env, "PORT": str(port)}, logs / "house")


def worker(env: Mapping[str, str], logs: Path, number: int = 1) -> Process:
    return Process(f"worker {number}", ("manage.py", "worker"), env, logs / f"worker-{number}")


def gunicorn(env: Mapping[str, str], logs: Path, port: int, workers: int = 2, threads: int = 8) -> Process:
    """HTTP alone, as in production. Only to be stopped: a SIGKILL leaves its children for a moment."""
    form = ("--bind", f"127.0.0.1:{port}", "--workers", str(workers), "--threads", str(threads), "--keep-alive", "30")
    return Process("gunicorn", ("-m", "gunicorn", "sufrah.wsgi", *form), {**env, "PORT": str(port)}, logs / "gunicorn")


def fake_twilio(env: Mapping[str, str], logs: Path, port: int, *more: str) -> Process:
    return Process("fake Twilio", ("-m", "tests.fakes", "--port", str(port), *more), env, logs / "twilio")


def answers(url: str) -> bool:
    """Whether somebody answers there with 200."""
    try:
        with _direct.open(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def manage(env: Mapping[str, str], *command: str, code: Path = ROOT) -> None:
    """Runs `manage.py` to its end. Raises CalledProcessError."""
    subprocess.run([sys.executable, "manage.py", *command], cwd=code, env=dict(env), check=True)


def run_in_scratch(name: str, module: str) -> int:
    """Runs `python -m module` with this command's arguments in a place with tables; returns its exit code.

    The run finds two free ports of loopback in its settings: its own, and the one that Twilio's calls go to. Ctrl-C
    reaches it by itself, a SIGTERM is passed on; the place is cleared once it has ended.
    """
    with scratch(name) as env:
        port = free_port()
        env |= {
            "PORT": str(port),
            "PUBLIC_BASE_URL": f"http://127.0.0.1:{port}",
            "TWILIO_API_BASE_URL": f"http://127.0.0.1:{free_port()}",
        }
        manage(env, "migrate", "--verbosity", "0")
        run = subprocess.Popen([sys.executable, "-m", module, *sys.argv[1:]], cwd=ROOT, env=env)
        signal.signal(signal.SIGTERM, lambda *_: run.terminate())
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        return run.wait()


@contextmanager
def scratch(name: str) -> Iterator[dict[str, str]]:
    """The environment of a data folder and an empty database. With DATABASE_URL set, the database is made on that
    server, else the embedded one runs in the folder. Afterwards all of it is gone, and whoever still lives there."""
    folder = Path(tempfile.mkdtemp(prefix=f"sufrah-{name}-"))
    # Said even where empty: what is not said here would be read from the .env file of the house.
    plain = {"SUFRAH_ENV": "local", "REDIS_URL": "", "TWILIO_API_BASE_URL": "", "DEBUG": "", "PYTHONUNBUFFERED": "1"}
    try:
        with _database(f"sufrah_{name}_{os.getpid()}") as url:
            try:
                yield {**os.environ, **plain, "SUFRAH_DATA_DIR": str(folder), "DATABASE_URL": url}
            finally:
                _evict(folder)
    finally:
        _stop_embedded(folder)
        shutil.rmtree(folder, ignore_errors=True)


def redis_server(folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    """A server of its own that keeps nothing, and its address. Who starts it kills it and waits for its end."""
    port = free_port()
    command = [needs.program("redis-server"), "--port", str(port), "--save", "", "--appendonly", "no"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=folder), f"redis://127.0.0.1:{port}/0"


@contextmanager
def _database(name: str) -> Iterator[str]:
    """Its address; empty where the embedded server is to be used."""
    server = os.environ.get("DATABASE_URL", "")
    if not server:
        yield ""
        return
    table = sql.Identifier(name)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(table))
        try:
            yield urlsplit(server)._replace(path=f"/{name}").geturl()
        finally:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(table))


def _evict(folder: Path) -> None:
    """Kills the Python processes that were started in this place and outlived their starter."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            home = process.environ().get("SUFRAH_DATA_DIR")
            if home == str(folder) and process.pid != os.getpid() and "postgres" not in process.name():
                process.kill()
                process.wait(5)


def _stop_embedded(folder: Path, patience: float = 10.0) -> None:
    """Connections of the dead take a moment to close."""
    limit = time.monotonic() + patience
    while (folder / "postgres" / "postmaster.pid").exists() and time.monotonic() < limit:
        if embedded.stop(folder):
            return
        time.sleep(0.2)
