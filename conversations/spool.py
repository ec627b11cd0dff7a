"""What came while the database was away, on disk until it is recorded: one file a request, in the order of arrival.

A name is `<arrival in µs>-<unique>-<conversation>`, so names sort in order of arrival and say, to nobody else, which
requests are of one conversation. A file is written under a draft's name, brought to the disk and then renamed: a
finished name is a whole request. A conversation's files lie in one of 64 folders, so that asking for them stays cheap
while many thousands lie there. Their content is encrypted like all secrets at rest. The spool is shared by all
processes that name it; one of them at a time takes requests out.
"""

from __future__ import annotations

import hashlib
import os
import re
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import fasteners
from cryptography.fernet import InvalidToken
from django.conf import settings

from bots.secrets import fernet
from conversations.posted import Posted, Unreadable, unpacked

ANY = ""
"""The key of what may be recorded in any order."""
_NAME = re.compile(r"\d{16}-[0-9a-f]{32}-[0-9a-f]*")
_DRAFT = ".part"
_PARTS = 64
_DRAFTS_LIVE = 60.0
_MEASURED_EVERY = 1.0


class SpoolError(RuntimeError):
    """The request cannot be kept: the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Filling:
    """What lies in the spool: requests that wait, their bytes, and those put aside because they cannot be recorded."""

    waiting: int
    size: int
    aside: int
    oldest: float | None
    """When the oldest one came, in seconds since 1970."""


@dataclass
class Spool:
    """`folder` is made when it is needed. Everything in it is for the house's own user alone."""

    folder: Path
    most_files: int
    most_bytes: int

    def __post_init__(self) -> None:
        self._waiting, self._aside = self.folder / "waiting", self.folder / "aside"
        # A file lock is the process's: threads need one of their own beside it.
        self._thread_lock = threading.Lock()
        self._file_lock = fasteners.InterProcessLock(str(self.folder / "lock"))
        self._measured: tuple[float, int, int] = (0.0, 0, 0)

    def keep(self, posted: Posted, key: str) -> None:
        """On disk once this returns. Raises SpoolError when the spool is full or cannot be written."""
        sealed = fernet().encrypt(posted.packed())
        try:
            self._prepare()
            self._check_room(len(sealed))
            self._write(name_of(posted, key), sealed)
            self._count(len(sealed))
        except OSError as error:
            raise SpoolError(
                f"Nothing can be kept in {self.folder} ({error.strerror}): set SPOOL_DIR to a folder of this user with "
                "room on its disk."
            ) from error

    def holds(self, key: str = ANY) -> bool:
        """Whether a request of this conversation waits, or is being written; of any one when no key is given."""
        if not key:
            with suppress(OSError):
                return any(True for _ in self._entries())
            return False
        with suppress(OSError), os.scandir(self._part(key)) as entries:
            return any(entry.name.removesuffix(_DRAFT).endswith(f"-{key}") for entry in entries)
        return False

    def names(self) -> list[str]:
        """Those that wait, the oldest first."""
        with suppress(OSError):
            return sorted(entry.name for entry in self._entries() if _NAME.fullmatch(entry.name))
        return []

    def path_of(self, name: str) -> Path:
        """What a person moved back by hand lies in `waiting` itself."""
        part = self._part(lane_of(name)) / name
        return part if part.exists() else self._waiting / name

    def read(self, name: str) -> Posted:
        """Raises FileNotFoundError when somebody else has recorded it, Unreadable when it is damaged, OSError."""
        try:
            return unpacked(fernet().decrypt(self.path_of(name).read_bytes()))
        except InvalidToken as error:
            raise Unreadable("It is damaged, or its key is missing in FIELD_ENCRYPTION_KEYS") from error

    def remove(self, name: str) -> None:
        """To be called once it is recorded for good."""
        self.path_of(name).unlink(missing_ok=True)

    def put_aside(self, name: str) -> None:
        """Out of the way, and kept for a person to look at: moved back into `waiting` it is tried again."""
        with suppress(FileNotFoundError):
            self._aside.mkdir(mode=0o700, exist_ok=True)
            self.path_of(name).rename(self._aside / name)

    @contextmanager
    def locked(self) -> Iterator[bool]:
        """True for the one thread of all processes that may take requests out; the others do not wait."""
        if not self._thread_lock.acquire(blocking=False):
            yield False
            return
        try:
            mine = self._file_lock.acquire(blocking=False)
            try:
                yield mine
            finally:
                if mine:
                    self._file_lock.release()
        finally:
            self._thread_lock.release()

    def drop_stale_drafts(self) -> None:
        """Those of processes that were killed while they wrote; nobody was told that they are kept."""
        old = time.time() - _DRAFTS_LIVE
        for entry in list(self._entries()):
            with suppress(OSError):
                if entry.name.endswith(_DRAFT) and entry.stat().st_mtime < old:
                    Path(entry.path).unlink(missing_ok=True)

    def filling(self) -> Filling:
        """Raises OSError when the folder cannot be read; one that is not there is empty."""
        waiting = {name: size for name, size in _sizes(self._entries()).items() if _NAME.fullmatch(name)}
        oldest = int(min(waiting)[:16]) / 1_000_000 if waiting else None
        return Filling(len(waiting), sum(waiting.values()), len(_sizes(_files(self._aside))), oldest)

    def trouble(self) -> str:
        """Why nothing can be kept, in words; "" when all is well."""
        try:
            self._prepare()
            self._check_room(0)
        except (OSError, SpoolError) as error:
            return str(error)
        return "" if os.access(self._waiting, os.W_OK | os.X_OK) else f"Nothing may be written to {self._waiting}."

    def _part(self, lane: str) -> Path:
        return self._waiting / f"{int(lane[:2], 16) % _PARTS:02d}"

    def _entries(self) -> Iterator[os.DirEntry[str]]:
        """All files that wait or are being written. Raises OSError, save for folders that are not there."""
        for entry in _entries(self._waiting):
            if entry.is_dir(follow_symlinks=False):
                yield from _files(Path(entry.path))
            else:
                yield entry

    def _prepare(self) -> None:
        if not self._waiting.is_dir():
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.folder.chmod(0o700)
            self._waiting.mkdir(mode=0o700, exist_ok=True)
            _sync_folder(self.folder)
            _sync_folder(self.folder.parent)

    def _check_room(self, size: int) -> None:
        """Counted anew once a second: with many processes the bounds may be passed by what comes in that time."""
        at, files, held = self._measured
        if not 0 <= time.monotonic() - at < _MEASURED_EVERY:
            lying = {**_sizes(self._entries()), **_sizes(_files(self._aside))}
            at, files, held = time.monotonic(), len(lying), sum(lying.values())
            self._measured = (at, files, held)
        if files + 1 > self.most_files or held + size > self.most_bytes:
            raise SpoolError(
                f"The spool {self.folder} is full: {files} requests, {held // 2**20} MB. Bring the database back, or "
                "raise SPOOL_MAX_FILES and SPOOL_MAX_MB."
            )

    def _count(self, size: int) -> None:
        at, files, held = self._measured
        self._measured = (at, files + 1, held + size)

    def _write(self, name: str, content: bytes) -> None:
        part = self._part(lane_of(name))
        if not part.is_dir():
            part.mkdir(mode=0o700, exist_ok=True)
            _sync_folder(self._waiting)
        draft = part / (name + _DRAFT)
        try:
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            draft.rename(part / name)
        except OSError:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
            raise
        _sync_folder(part)


def name_of(posted: Posted, key: str) -> str:
    return f"{int(posted.at.timestamp() * 1_000_000):016d}-{uuid.uuid4().hex}-{key}"


def lane_of(name: str) -> str:
    """Those of one lane must be recorded in their order. Who has no conversation has a lane by chance."""
    _, unique, key = name.split("-")
    return key or unique[:2]


def key_of(*addresses: str) -> str:
    """Stands for a conversation; who has no SECRET_KEY cannot guess the numbers behind it."""
    secret = hashlib.sha256(settings.SECRET_KEY.encode()).digest()
    return hashlib.blake2b("\n".join(addresses).encode("utf-8", "replace"), digest_size=12, key=secret).hexdigest()


def spool() -> Spool:
    """That of this house."""
    return _spool(settings.SPOOL_DIR, settings.SPOOL_MAX_FILES, settings.SPOOL_MAX_MB * 2**20)


@lru_cache
def _spool(folder: Path, most_files: int, most_bytes: int) -> Spool:
    return Spool(folder, most_files, most_bytes)


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        yield from entries


def _files(folder: Path) -> Iterator[os.DirEntry[str]]:
    return (entry for entry in _entries(folder) if not entry.is_dir(follow_symlinks=False))


def _sizes(files: Iterator[os.DirEntry[str]]) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for file in files:
        with suppress(FileNotFoundError):
            sizes[file.name] = file.stat().st_size
    return sizes


def _sync_folder(folder: Path) -> None:
    """A rename is safe from a power cut once the folder itself is on the disk (fsync(2))."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
