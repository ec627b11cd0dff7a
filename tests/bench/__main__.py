"""`python -m tests.bench`: the measurement in a place of its own."""

from __future__ import annotations

import sys

from tests.bench.told import seconds_told
from tests.processes import run_in_scratch

if __name__ == "__main__":
    seconds_told()  # a wrong argument is refused before anything is started
    sys.exit(run_in_scratch("bench", "tests.bench.run"))
