"""A Redis server of a test's own that keeps nothing, to be stopped, killed and frozen; it keeps its port."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests import needs
from tests.processes import free_port

STARTS_WITHIN = 30.0


@dataclass
class RedisServer:
    folder: Path
    port: int
    running: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        command = [needs.program("redis-server"), "--port", str(self.port), "--save", "", "--appendonly", "no"]
        self.running = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=self.folder)
        limit = time.monotonic() + STARTS_WITHIN
        while not self._listens():
            if self.running.poll() is not None or time.monotonic() > limit:
                raise RuntimeError("Redis did not start.")
            time.sleep(0.05)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        if self.running is not None:
            self.running.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        if self.running is not None and self.running.poll() is None:
            self.running.send_signal(signal.SIGCONT)

    def _end(self, number: signal.Signals) -> None:
        if self.running is not None and self.running.poll() is None:
            self.running.send_signal(number)
            self.running.wait(STARTS_WITHIN)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


@contextmanager
def redis_server(folder: Path) -> Iterator[RedisServer]:
    server = RedisServer(folder, free_port())
    server.start()
    try:
        yield server
    finally:
        server.kill()
