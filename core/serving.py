"""Where the server of a data folder listens, kept in a file while it runs, for commands beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import fasteners

_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # read, not bound
_A_READER_TAKES = 2.0


@dataclass(frozen=True, slots=True)
class Serving:
    """`public_url` is the address that signatures are made over."""

    host: str
    port: int
    public_url: str

    @property
    def url(self) -> str:
        host = _EVERYWHERE.get(self.host, self.host)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


@contextmanager
def told(data_dir: Path, serving: Serving) -> Iterator[None]:
    """While this runs, `served_at` knows the address. A second server of the same folder leaves the first one's."""
    lock, path = _lock(data_dir), _path(data_dir)
    if not lock.acquire(timeout=_A_READER_TAKES):
        yield
        return
    try:
        draft = path.with_suffix(".draft")
        draft.write_text(json.dumps(asdict(serving)))
        draft.replace(path)
        yield
    finally:
        path.unlink(missing_ok=True)
        lock.release()


def served_at(data_dir: Path) -> Serving | None:
    """None when no server runs there. The lock falls with its process, so what a killed one left is not believed.
    To be asked by another process than the server's own, which its lock does not stop."""
    path, lock = _path(data_dir), _lock(data_dir)
    if not path.exists():
        return None
    if lock.acquire(blocking=False):
        lock.release()
        return None
    try:
        return Serving(**json.loads(path.read_text()))
    except FileNotFoundError:  # it stopped at this very moment
        return None


def _path(data_dir: Path) -> Path:
    return data_dir / "serving.json"


def _lock(data_dir: Path) -> fasteners.InterProcessLock:
    return fasteners.InterProcessLock(str(data_dir / "serving.lock"))
