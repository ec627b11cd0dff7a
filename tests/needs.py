"""What a test needs from the system. Missing on a laptop it is skipped; missing in CI it fails."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

_PRISM = Path(__file__).parents[1] / "var/prism/node_modules/.bin/prism"


def program(name: str, package: str = "") -> str:
    """The path of the program."""
    return shutil.which(name) or _missing(f"{name} is not installed (package {package or name})")


def prism() -> str:
    """The path of the mock that speaks by a specification."""
    return shutil.which(_PRISM) or _missing("Prism is not installed (make prism)")


def _missing(words: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(words)
    pytest.skip(words)
