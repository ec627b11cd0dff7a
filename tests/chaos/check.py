"""One thing that must hold, and what it was found to be."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Check:
    """`name` is what must hold, `looked_at` how many things were looked at, `wrong` what does not hold, in words."""

    name: str
    looked_at: int = 0
    wrong: list[str] = field(default_factory=list)

    def expect(self, holds: bool, otherwise: str) -> None:
        self.looked_at += 1
        if not holds:
            self.wrong.append(otherwise)


def differences(wanted: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    """The entries in which the two are not equal: wanted and found."""
    return {
        name: (wanted.get(name), found.get(name))
        for name in wanted.keys() | found.keys()
        if wanted.get(name) != found.get(name)
    }
