"""`python -m tests.releases RELEASE`: packs the release that the next one is tried against."""

from __future__ import annotations

import sys

from tests.releases import ARCHIVE, commit, pack

if len(sys.argv) != 2:
    sys.exit("Say which tag or commit was the release before: python -m tests.releases v1.2.0")
pack(sys.argv[1])
print(f"{ARCHIVE.name}: {commit()}, {ARCHIVE.stat().st_size // 1024} KB")  # noqa: T201
