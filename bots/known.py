"""Senders that are known in advance: everything but the account and its token."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path


@cache
def known_senders() -> dict[str, dict[str, str]]:
    """By short name: the fields of `registration.SenderFields` that are the same in every installation."""
    found: dict[str, dict[str, str]] = json.loads(Path(__file__).with_name("known_senders.json").read_text("utf-8"))
    return found
