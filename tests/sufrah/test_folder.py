"""The data folder: made, or refused in one sentence."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sufrah import folder, keys


def test_it_is_made(tmp_path: Path) -> None:
    assert folder.ready(tmp_path / "var" / "data").is_dir()


def test_many_processes_may_start_in_the_same_moment(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as starting:
        made = list(starting.map(folder.ready, [tmp_path / "var"] * 400))
    assert set(made) == {tmp_path / "var"}
    assert list((tmp_path / "var").iterdir()) == []


def test_a_full_disk_is_one_clear_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "SPACE_NEEDED", 2**60)
    with pytest.raises(folder.DataFolderError, match="The disk is full"):
        folder.ready(tmp_path)


def test_a_folder_that_cannot_be_is_one_clear_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(folder.DataFolderError, match="SUFRAH_DATA_DIR"):
        folder.ready(tmp_path / "file" / "inside")


def test_keys_are_made_once_and_are_their_owners_alone(tmp_path: Path) -> None:
    made = keys.kept(tmp_path)
    assert keys.kept(tmp_path) == made
    assert (tmp_path / "keys.json").stat().st_mode & 0o077 == 0
    assert [path.name for path in tmp_path.iterdir()] == ["keys.json"]
