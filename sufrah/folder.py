"""The data folder of a laptop: there, writable and with room, or a sentence that says what to do."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

SPACE_NEEDED = 200 * 1024 * 1024


class DataFolderError(RuntimeError):
    """Nothing can be kept there; the message says what to do."""


def ready(folder: Path) -> Path:
    """The folder, made when it is not there. Raises DataFolderError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # A file of this process alone: web and worker often start in the same moment.
        tempfile.TemporaryFile(dir=folder).close()
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise DataFolderError(
            f"Nothing can be written to {folder} ({error.strerror}). Set SUFRAH_DATA_DIR to a folder of yours."
        ) from error
    if free < SPACE_NEEDED:
        raise DataFolderError(
            f"The disk is full: {free // 2**20} MB are free at {folder}, {SPACE_NEEDED // 2**20} MB are needed. "
            "Free some space or set SUFRAH_DATA_DIR to another disk."
        )
    return folder
