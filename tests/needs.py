"""What a test needs from the system. Missing on a laptop it is skipped; missing in CI it fails."""

from __future__ import annotations

import os
import shutil

import pytest


def program(name: str, package: str = "") -> str:
    """The path of the program."""
    found = shutil.which(name)
    if found is None:
        missing = f"{name} is not installed (package {package or name})"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return found
