"""The embedded PostgreSQL: starts, is shared, survives a killed starter, is stopped by the last one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from sufrah import embedded

ROOT = Path(__file__).parents[2]
STARTER = """
import sys, time, pathlib
from sufrah import embedded
print(embedded.url(pathlib.Path(sys.argv[1])), flush=True)
time.sleep(600)
"""
pytestmark = pytest.mark.processes


@pytest.fixture
def folder() -> Iterator[Path]:
    """Outside pytest's own folders, which other users cannot enter: as root the server runs as another user."""
    made = Path(tempfile.mkdtemp(prefix="sufrah-", dir="/tmp"))
    yield made
    embedded.stop(made)
    shutil.rmtree(made, ignore_errors=True)


def answers(url: str) -> bool:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT 1").fetchone() == (1,)


def test_it_starts_once_and_is_shared(folder: Path) -> None:
    first = embedded.url(folder)
    assert answers(first)
    assert embedded.url(folder) == first


def test_it_stays_while_another_uses_it_and_stops_with_the_last(folder: Path) -> None:
    url = embedded.url(folder)
    with psycopg.connect(url):
        assert embedded.stop(folder) is False
    assert answers(url)
    assert embedded.stop(folder) is True
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)


def test_data_stays_over_a_stop(folder: Path) -> None:
    with psycopg.connect(embedded.url(folder)) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    embedded.stop(folder)
    with psycopg.connect(embedded.url(folder)) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_the_one_who_started_it_may_be_killed(folder: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", STARTER, str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    process.kill()
    process.wait()

    assert answers(url)
    assert embedded.url(folder) == url
    assert embedded.stop(folder) is True


def test_a_pid_file_of_another_program_is_not_believed(folder: Path) -> None:
    """After a power cut the pid may belong to anybody."""
    embedded.url(folder)
    pid_file = folder / "postgres" / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    embedded.stop(folder)
    other = subprocess.Popen(["sleep", "600"])
    try:
        pid_file.write_text("\n".join([str(other.pid), *lines[1:]]) + "\n")
        assert answers(embedded.url(folder))
    finally:
        other.kill()
        other.wait()


@pytest.mark.parametrize("below", ["", "a-folder-of-a-long-name/" * 5])
def test_only_its_owner_reaches_the_socket(folder: Path, below: str) -> None:
    """Whoever reaches it is the database's superuser."""
    place = folder / below
    place.mkdir(parents=True, exist_ok=True)
    try:
        socket = Path(embedded.url(place).partition("host=")[2])
        assert socket.stat().st_mode & 0o777 == 0o700
        assert socket.stat().st_uid == (place / "postgres").stat().st_uid
        assert answers(embedded.url(place))
    finally:
        embedded.stop(place)
    assert below == "" or not socket.exists()


def run(folder: Path, *command: str) -> None:
    # Said even where empty: no DATABASE_URL of the tests or of a .env file is meant.
    env = {**os.environ, "SUFRAH_DATA_DIR": str(folder), "DATABASE_URL": "", "SUFRAH_ENV": "local"}
    subprocess.run([sys.executable, *command], cwd=ROOT, env=env, check=True, timeout=100)


def test_a_command_leaves_no_server_behind(folder: Path) -> None:
    run(folder, "manage.py", "check")
    assert (folder / "postgres").exists()
    assert not (folder / "postgres" / "postmaster.pid").exists()


def test_a_command_leaves_the_server_to_those_who_use_it(folder: Path) -> None:
    """Also to one that has its address and no connection yet."""
    process = subprocess.Popen(
        [sys.executable, "-c", STARTER, str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    run(folder, "manage.py", "check")
    assert answers(url)
    process.kill()
    process.wait()
    run(folder, "manage.py", "check")
    assert not (folder / "postgres" / "postmaster.pid").exists()
