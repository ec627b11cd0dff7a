"""The short form of `make chaos`: real processes, real kills, all checks. The long form has three hundred customers."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.processes import ROOT

SHORT = ("--customers", "12", "--kills", "4", "--seed", "7", "--silences", "0", "--think", "0.4", "--every", "3")
PATIENCE = 300.0  # for a machine that is busy with other things; alone it takes half a minute


@pytest.mark.processes
@pytest.mark.timeout(PATIENCE + 60)
def test_nothing_is_lost_or_doubled_while_processes_are_killed() -> None:
    """In a folder and a database of its own: nothing of this test's, nothing of the developer's is touched."""
    run = subprocess.Popen(
        [sys.executable, "-m", "tests.chaos", *SHORT],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        said, _ = run.communicate(timeout=PATIENCE)
    finally:
        run.terminate()  # by SIGTERM, so that it clears up behind itself
        run.wait(timeout=30)
    assert run.returncode == 0, said
    assert "Everything holds." in said
