"""The environment as settings read it: an empty variable means the default, and production is named exactly."""

from __future__ import annotations

import os
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

KNOWN = ("local", "test", "production")


def read(file: Path) -> environ.Env:
    """What is set and not empty. The file fills in what the environment does not name at all: a variable that is
    there and empty keeps the file's from being read."""
    if file.exists():
        environ.Env.read_env(file)
    env = environ.Env()
    env.ENVIRON = {name: value for name, value in os.environ.items() if value.strip()}
    return env


def known(name: str) -> str:
    """Raises ImproperlyConfigured: a misspelt production would open the simulator to everybody."""
    if name not in KNOWN:
        raise ImproperlyConfigured(
            f"SUFRAH_ENV names no environment that we know. Set it to one of {', '.join(KNOWN)}, in these very letters."
        )
    return name
