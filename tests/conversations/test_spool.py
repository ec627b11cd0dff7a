"""The spool on disk: whole files in order, for the house's eyes alone, bounded, shared and damaged."""

from __future__ import annotations

import os
import stat
import threading
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.test import override_settings

from conversations import spool as spooling
from conversations.posted import Posted, Unreadable, unpacked
from conversations.spool import Spool, SpoolError, key_of
from tests.clock import NOW

KEY = key_of("whatsapp:+966500000101", "whatsapp:+966550000201")


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool", 10, 100_000)


def request(body: str = "Body=x", at: datetime = NOW) -> Posted:
    return Posted("inbound", "/whatsapp/webhook?a=b", "signature", body.encode(), at)


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("code", [None, uuid4()])
def test_a_request_comes_back_as_it_was(spool: Spool, code: object) -> None:
    kept = Posted("status", "/whatsapp/status/x?q=%20", "Zm9v=", "a=\n\u0645%00".encode() + b"\xff", NOW, code)  # type: ignore[arg-type]
    spool.keep(kept, KEY)
    assert spool.read(spool.names()[0]) == kept


def test_the_oldest_comes_first_whatever_was_written_first(spool: Spool) -> None:
    for minutes in (3, 1, 2):
        spool.keep(request(str(minutes), NOW + timedelta(minutes=minutes)), KEY)
    assert [spool.read(name).body for name in spool.names()] == [b"1", b"2", b"3"]


def test_it_says_which_conversation_waits(spool: Spool) -> None:
    assert not spool.holds()
    spool.keep(request(), KEY)
    assert spool.holds()
    assert spool.holds(KEY)
    assert not spool.holds(key_of("whatsapp:+966500000101", "whatsapp:+966550000202"))
    spool.remove(spool.names()[0])
    assert not spool.holds()


def test_many_others_do_not_make_the_question_dear(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each webhook asks it while a backlog is recorded."""
    large = Spool(spool.folder, 1000, 10_000_000)
    monkeypatch.setattr(os, "fsync", lambda _: None)
    for n in range(640):
        large.keep(request(), key_of("to", str(n)))
    looked_at = []
    real = os.scandir

    def scandir(path: Path) -> object:
        looked_at.append(len(list(real(path))))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert large.holds(key_of("to", "7"))
    assert not large.holds(KEY)
    assert sum(looked_at) < 100


def test_what_a_person_moves_back_is_found(spool: Spool) -> None:
    spool.keep(request(), KEY)
    (name,) = spool.names()
    spool.put_aside(name)
    (spool.folder / "aside" / name).rename(spool.folder / "waiting" / name)
    assert spool.names() == [name]
    assert spool.read(name) == request()
    spool.remove(name)
    assert spool.names() == []


def test_what_is_being_written_counts_as_waiting(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(os, "fsync", lambda _: seen.append((spool.holds(KEY), spool.names())))
    spool.keep(request(), KEY)
    assert (True, []) in seen


def test_others_can_read_neither_the_names_nor_the_texts(spool: Spool) -> None:
    before = os.umask(0)
    try:
        spool.keep(request("Body=secret&From=whatsapp:+966550000201"), KEY)
    finally:
        os.umask(before)
    (file,) = files(spool.folder)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in (spool.folder, file.parent)} == {0o700}
    content = file.read_bytes()
    assert b"secret" not in content
    assert b"966550000201" not in content
    assert "966550000201" not in file.name


def test_a_full_spool_says_so_and_keeps_nothing_more(spool: Spool) -> None:
    for _ in range(10):
        spool.keep(request(), KEY)
    with pytest.raises(SpoolError, match="full: 10 requests"):
        spool.keep(request(), KEY)
    assert len(files(spool.folder)) == 10


def test_it_is_bounded_in_bytes_too(spool: Spool) -> None:
    spool.keep(request("a" * 50_000), KEY)
    with pytest.raises(SpoolError, match="full"):
        spool.keep(request("a" * 50_000), KEY)
    spool.keep(request(), KEY)


def test_what_others_keep_is_counted(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spooling, "_MEASURED_EVERY", 0.0)
    other = Spool(spool.folder, 1000, 1_000_000)
    spool.keep(request(), KEY)
    for _ in range(9):
        other.keep(request(), KEY)
    with pytest.raises(SpoolError):
        spool.keep(request(), KEY)
    other.remove(other.names()[0])
    spool.keep(request(), KEY)


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(SpoolError, match="set SPOOL_DIR"):
        Spool(tmp_path / "file" / "spool", 10, 100_000).keep(request(), KEY)


@pytest.mark.parametrize("call", ["fsync", "fdopen"])
def test_a_disk_that_fails_in_the_middle_leaves_no_half(
    spool: Spool, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    spool.keep(request(), KEY)

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(SpoolError, match="No space left"):
        spool.keep(request(), KEY)
    assert len(files(spool.folder)) == len(spool.names()) == 1


def test_what_a_kill_left_half_written_is_never_read_and_goes_away(spool: Spool) -> None:
    spool.keep(request(), KEY)
    half = spool.path_of(spool.names()[0]).with_suffix(".part")
    half.write_bytes(b"gAAAA")
    assert len(spool.names()) == 1
    spool.drop_stale_drafts()
    assert half.exists(), "somebody may be writing it"
    os.utime(half, (0, 0))
    spool.drop_stale_drafts()
    assert not half.exists()


@pytest.mark.parametrize("damage", [b"", b"gAAAA", b"\x00" * 500])
def test_a_damaged_file_is_known_and_put_aside(spool: Spool, damage: bytes) -> None:
    spool.keep(request(), KEY)
    name = spool.names()[0]
    spool.path_of(name).write_bytes(damage)
    with pytest.raises(Unreadable):
        spool.read(name)
    spool.put_aside(name)
    assert spool.names() == []
    assert (spool.filling().waiting, spool.filling().aside) == (0, 1)


def test_the_tail_of_a_file_is_missing(spool: Spool) -> None:
    spool.keep(request("Body=" + "a" * 500), KEY)
    name = spool.names()[0]
    path = spool.path_of(name)
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(Unreadable):
        spool.read(name)


def test_a_key_that_is_gone_is_no_damage_to_the_file(spool: Spool) -> None:
    spool.keep(request(), KEY)
    with override_settings(FIELD_ENCRYPTION_KEYS=["A" * 43 + "="]), pytest.raises(Unreadable, match="key is missing"):
        spool.read(spool.names()[0])
    assert spool.read(spool.names()[0]) == request()


@pytest.mark.parametrize("packed", [b"", b"{}", b"[]\nx", b'{"door": "cellar"}\n', b"\xff\n", b"null\nx"])
def test_what_is_no_request_is_unreadable(packed: bytes) -> None:
    with pytest.raises(Unreadable):
        unpacked(packed)


def test_somebody_else_has_taken_it(spool: Spool) -> None:
    spool.keep(request(), KEY)
    name = spool.names()[0]
    spool.remove(name)
    spool.remove(name)
    spool.put_aside(name)
    with pytest.raises(FileNotFoundError):
        spool.read(name)


def test_one_at_a_time_takes_out(spool: Spool) -> None:
    spool.keep(request(), KEY)
    answers = []

    def rival() -> None:
        with spool.locked() as theirs:
            answers.append(theirs)

    with spool.locked() as mine:
        thread = threading.Thread(target=rival)
        thread.start()
        thread.join()
    rival()
    assert (mine, answers) == (True, [False, True])


def test_it_says_how_much_lies_there_and_since_when(spool: Spool) -> None:
    assert spool.filling() == spooling.Filling(0, 0, 0, None)
    spool.keep(request(at=NOW + timedelta(seconds=5)), KEY)
    spool.keep(request(), KEY)
    found = spool.filling()
    assert (found.waiting, found.oldest) == (2, NOW.timestamp())
    assert found.size > 200
