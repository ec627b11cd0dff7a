"""What a measurement is told on the command line."""

from __future__ import annotations

import argparse
from collections.abc import Sequence


def seconds_told(arguments: Sequence[str] | None = None) -> float:
    """About how long all of it may take."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench", description="Webhooks and answers per second, with the database's bare floor."
    )
    parser.add_argument("--seconds", type=float, default=90.0)
    return float(parser.parse_args(arguments).seconds)
