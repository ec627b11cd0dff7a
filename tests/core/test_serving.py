"""Commands beside a server find it, and are not misled by what a killed one left."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from subprocess import PIPE

import pytest

from core.serving import Serving, served_at

HERE = Serving("127.0.0.1", 8080, "http://localhost:8080")


SERVER = (
    "import sys; from pathlib import Path; from core.serving import *\n"
    "with told(Path(sys.argv[1]), Serving('127.0.0.1', 8080, 'http://localhost:8080')): print(flush=True); input()"
)


@pytest.mark.parametrize("is_killed", [False, True])
def test_it_is_known_while_it_runs_and_no_longer(tmp_path: Path, is_killed: bool) -> None:
    assert served_at(tmp_path) is None
    server = subprocess.Popen([sys.executable, "-c", SERVER, str(tmp_path)], stdin=PIPE, stdout=PIPE)
    assert server.stdout is not None
    server.stdout.readline()
    assert served_at(tmp_path) == HERE
    if is_killed:
        server.kill()
    server.communicate(b"\n")
    assert (tmp_path / "serving.json").exists() == is_killed
    assert served_at(tmp_path) is None


def test_what_a_killed_server_left_is_not_believed(tmp_path: Path) -> None:
    (tmp_path / "serving.json").write_text('{"host": "127.0.0.1", "port": 9, "public_url": "http://localhost:9"}')
    assert served_at(tmp_path) is None


@pytest.mark.parametrize(("host", "url"), [("::", "http://[::1]:80"), ("10.0.0.7", "http://10.0.0.7:80")])
def test_an_address_that_can_be_called(host: str, url: str) -> None:
    assert Serving(host, 80, "").url == url
