"""What the schema promises is kept: thousands of requests made from it, right ones and wrong ones, at real rows."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer

from tests.api_calls import Furniture, caller, furnished
from tests.world import World

ROWS = {
    "/api/db/conversations/{code}": "conversation",
    "/api/db/conversations/{code}/messages": "conversation",
    "/api/db/conversations/{code}/mark-read": "conversation",
    "/api/db/conversations/{code}/assign": "conversation",
    "/api/db/restaurants/{code}/bots": "restaurant",
    "/api/db/restaurants/{code}/staff": "restaurant",
    "/api/conversations/{code}/messages": "conversation",
    "/api/conversations/{code}/toggle-bot": "conversation",
    "/api/orders/{code}": "order",
    "/api/orders/{code}/advance": "order",
    "/api/menu/items/{code}": "item",
    "/api/webhooks/{code}/switch-on": "hook",
    "/api/webhooks/{code}/deliveries": "hook",
    "/api/webhooks/deliveries/{code}/redeliver": "told",
}
SENDERS = "/api/admin/bots/{code}"
HOOKS = "/api/webhooks/{code}"
# What no schema can say: which restaurants there are, that a message needs words or a file, which keys are
# taken, which addresses are public.
UNSAYABLE = """
[[operations]]
include-method = ["POST", "PUT", "PATCH", "DELETE"]
checks.positive_data_acceptance.expected-statuses = ["2xx", 400, 404, 409, 422]
"""


def config(token: str, a: Furniture, b: Furniture) -> str:
    """Real rows for the addresses; the sender of `b` may be retired."""
    rows = [(path, "", getattr(a, name)) for path, name in ROWS.items()]
    rows += [(SENDERS, 'include-method = ["GET", "PUT"]', a.bot), (SENDERS, 'include-method = "DELETE"', b.bot)]
    rows += [(HOOKS, 'include-method = ["GET", "PATCH"]', a.hook), (HOOKS, 'include-method = "DELETE"', b.hook)]
    message = "/api/db/conversations/{code}/messages/{message}"
    tenant = f'"header.X-Restaurant-Id" = "{a.restaurant.code}"'
    operations = [
        f'[[operations]]\ninclude-path = "{path}"\n{method}\nparameters = {{ "path.code" = "{row.code}", {tenant} }}\n'
        for path, method, row in rows
    ]
    names = f'"path.code" = "{a.conversation.code}", "path.message" = "{a.message.code}", {tenant}'
    operations += [f'[[operations]]\ninclude-path = "{message}"\nparameters = {{ {names} }}\n']
    return "\n".join(
        [f'headers = {{ Authorization = "Bearer {token}" }}', f"[parameters]\n{tenant}", UNSAYABLE, *operations]
    )


@pytest.mark.processes
@pytest.mark.timeout(600)
@pytest.mark.django_db(transaction=True)
def test_the_schema_is_kept(world: World, live_server: LiveServer, tmp_path: Path, settings: Any) -> None:
    settings.API_CALLS_PER_MINUTE = 1_000_000
    (tmp_path / "schemathesis.toml").write_text(config(caller(None).token, furnished(world.a), furnished(world.b)))
    run = subprocess.run(
        [
            *(str(Path(sys.executable).with_name("schemathesis")), "run", f"{live_server.url}/api/schema/"),
            *("--url", live_server.url, "--checks", "all", "--continue-on-failure", "--max-examples", "10"),
            *("--phases", "examples,coverage,fuzzing", "--seed", "1", "--no-color", "--warnings", "off"),
        ],
        cwd=tmp_path,
        env={**os.environ, "HYPOTHESIS_STORAGE_DIRECTORY": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr
    assert "Tested: 32" in run.stdout
