"""`python -m tests.chaos`: the run in a place of its own; see `told.py` for the arguments."""

from __future__ import annotations

import sys

from tests.chaos.told import told_by
from tests.processes import run_in_scratch

if __name__ == "__main__":
    told_by()  # a wrong argument is refused before anything is started
    sys.exit(run_in_scratch("chaos", "tests.chaos.run"))
