"""The release before this one, as it was: its code is run against the tables of this one.

`python -m tests.releases v1.2.0` (or `make previous RELEASE=v1.2.0`) packs that tag or commit anew. It is kept as an
archive and not fetched from the history, so that a shallow clone runs the test as well.
"""

from __future__ import annotations

import lzma
import subprocess
import tarfile
from pathlib import Path

from tests.processes import ROOT

ARCHIVE = Path(__file__).parent / "previous.tar.xz"
# What its web and worker processes run; styles and the words of translators are left out.
_KEPT = ("*.py", "*.json", "*.html", "*.mo", ":(exclude)tests", ":(exclude)docs")


def pack(release: str) -> None:
    """Writes the archive of a tag or commit. Raises CalledProcessError when there is none of that name."""
    packed = subprocess.run(["git", "archive", release, "--", *_KEPT], cwd=ROOT, check=True, capture_output=True)
    ARCHIVE.write_bytes(lzma.compress(packed.stdout, preset=9 | lzma.PRESET_EXTREME))


def unpack(folder: Path) -> Path:
    """Lays the release into the folder and returns it; its `manage.py` stands there."""
    with tarfile.open(ARCHIVE) as packed:
        packed.extractall(folder, filter="data")
    return folder


def commit() -> str:
    """Which commit was packed, 40 hex digits: git notes it in the archive."""
    with tarfile.open(ARCHIVE) as packed:
        return packed.pax_headers["comment"]
