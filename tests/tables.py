"""What the long runs print: lines and plain tables."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence


def say(line: str = "") -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def say_pairs(pairs: Mapping[str, object]) -> None:
    width = max(map(len, pairs), default=0) + 3
    for name, value in pairs.items():
        say(f"{name:<{width}}{value}")


def say_table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """The first column is words, the others are numbers."""
    cells = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(row[n]) for row in cells) for n in range(len(head))]
    for row in cells:
        rest = (f"{cell:>{width + 2}}" for cell, width in zip(row[1:], widths[1:], strict=True))
        say(f"{row[0]:<{widths[0]}}{''.join(rest)}")
