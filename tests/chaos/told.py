"""What a run is told on the command line."""

from __future__ import annotations

import argparse
import secrets
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Told:
    """`silences` customers go away in the middle for longer than a silence, which takes a good minute."""

    customers: int
    kills: int
    seed: int
    channel: str
    silences: int
    think: float
    every: float
    keep_logs: str


def told_by(arguments: Sequence[str] | None = None) -> Told:
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos",
        description="Customers order while web and workers are killed; then all is checked.",
    )
    parser.add_argument("--customers", type=int, default=300)
    parser.add_argument("--kills", type=int, default=24, help="processes killed in all")
    parser.add_argument("--seed", type=int, default=None, help="the same people and the same victims again")
    parser.add_argument("--channel", choices=("twilio", "simulator"), default="twilio")
    parser.add_argument("--silences", type=int, default=10, help="customers who are away for over a minute")
    parser.add_argument("--think", type=float, default=1.5, help="seconds that a customer thinks, on average")
    parser.add_argument("--every", type=float, default=4.5, help="seconds between two strikes, on average")
    parser.add_argument("--keep-logs", default="", metavar="FOLDER", help="where the processes' logs are kept")
    given = vars(parser.parse_args(arguments))
    given["seed"] = secrets.randbelow(1_000_000) if given["seed"] is None else given["seed"]
    return Told(**given)
