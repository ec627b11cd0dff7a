"""`python -m tests.chaos`: makes a place for the run, runs it there, and leaves nothing behind."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from tests.chaos.told import told_by
from tests.processes import ROOT, free_port, manage, scratch


def main() -> int:
    told_by()  # a wrong argument is refused before anything is started
    with scratch("chaos") as env:
        port, twilio = free_port(), free_port()
        env |= {
            "PORT": str(port),
            "PUBLIC_BASE_URL": f"http://127.0.0.1:{port}",
            "TWILIO_API_BASE_URL": f"http://127.0.0.1:{twilio}",
        }
        manage(env, "migrate", "--verbosity", "0")
        return _run(env)


def _run(env: dict[str, str]) -> int:
    """Ctrl-C reaches the run by itself; a SIGTERM is passed on. The place is cleared once the run has ended."""
    run = subprocess.Popen([sys.executable, "-m", "tests.chaos.run", *sys.argv[1:]], cwd=ROOT, env=env)
    signal.signal(signal.SIGTERM, lambda *_: run.terminate())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return run.wait()


if __name__ == "__main__":
    assert Path("manage.py").exists(), "Run it from the project's folder"
    sys.exit(main())
