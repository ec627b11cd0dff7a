"""The guide, the schema and its page say what is there."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from pytest_django.live_server_helper import LiveServer

from tests.api_calls import Caller, body_of, caller, furnished
from tests.sufrah.test_api_doors import CALLS
from tests.world import World

GUIDE = Path(__file__).parents[2] / "docs" / "api.md"
ONE_ANSWER = "curl() { command curl --fail-with-body -w '\\n%{http_code}\\n' \"$@\"; }\n"


def commands() -> list[str]:
    """The curl lines of the guide, each with its continuations."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    return [command for block in blocks for command in re.split(r"^(?=curl )", block, flags=re.MULTILINE) if command]


def schema() -> Any:
    return body_of(Caller().get("/api/schema/", Accept="application/vnd.oai.openapi+json"))


@pytest.mark.django_db(transaction=True)
def test_every_line_of_the_guide_works(world: World, live_server: LiveServer) -> None:
    rows = furnished(world.a)
    names = {
        "HOST": live_server.url,
        "TOKEN": caller(rows.restaurant).token,
        "OPERATOR": caller(None).token,
        **{name.upper(): code for name, code in rows.codes.items()},
    }
    assert len(commands()) == 34
    for command in commands():
        run = subprocess.run(["bash", "-euc", ONE_ANSWER + command], env=names, capture_output=True, text=True)
        assert run.returncode == 0, (command, run.stdout, run.stderr)
        answer, status = run.stdout.rsplit("\n", 2)[:2]
        assert status in {"200", "201"}, (command, run.stdout)
        json.loads(answer)


def test_the_guide_names_every_call() -> None:
    guide = GUIDE.read_text()
    for call in CALLS:
        named = f"`{call.method} {re.sub('{.*?}', ':id', call.path.split('?')[0])}`"
        assert named in guide, named


def test_the_examples_of_the_guide_have_the_fields_of_the_answers(world: World) -> None:
    examples = [json.loads(text) for text in re.findall(r"^```json\n(.*?)^```$", GUIDE.read_text(), re.M | re.S)]
    rows, own = furnished(world.a), caller(world.a.restaurant)
    path = f"/api/db/conversations/{rows.conversation.code}"
    conversation, [message, *_] = body_of(own.get(path)), body_of(own.get(f"{path}/messages"))
    assert [list(example) for example in examples] == [list(conversation), list(message)]
    assert list(examples[1]["metadata"]) == list(message["metadata"])


def test_the_schema_says_how_to_come_in(db: None) -> None:
    said = schema()
    assert said["openapi"].startswith("3.")
    assert said["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    for path, methods in said["paths"].items():
        for method, call in methods.items():
            assert call["security"] == [{"token": []}], (path, method)
            headers = {parameter["name"] for parameter in call.get("parameters", []) if parameter["in"] == "header"}
            assert ("X-Restaurant-Id" in headers) == ("/admin/" not in path), path
            assert ("Idempotency-Key" in headers) == (method != "get"), (path, method)
            assert {"400", "401", "403", "404", "406", "429", "500"} <= set(call["responses"])
            assert call["summary"]
            assert set(call["tags"]) <= {"senders", "conversations", "orders", "webhooks"}


def shapes_of(call: Any) -> Iterator[tuple[str, Any]]:
    """(status or “sent”, what is said of its JSON) of each body of a call."""
    if "requestBody" in call:
        yield "sent", call["requestBody"]["content"]["application/json"]
    for status, answer in call["responses"].items():
        yield status, answer["content"]["application/json"]


def fields_in(components: Any, shape: Any) -> set[str]:
    inner = shape.get("items", shape)
    return set(components[inner["$ref"].rpartition("/")[2]]["properties"])


def test_every_body_has_an_example_of_its_own_fields(db: None) -> None:
    said = schema()
    components = said["components"]["schemas"]
    for path, methods in said["paths"].items():
        for method, call in methods.items():
            for status, body in shapes_of(call):
                examples = [one["value"] for one in body.get("examples", {}).values()] or [body.get("example")]
                fields = fields_in(components, body["schema"])
                for example in examples:
                    assert example is not None, (path, method, status)
                    shown = set(example[0] if isinstance(example, list) else example)
                    whole = shown == fields or (status == "sent" and shown <= fields)
                    assert whole, (path, method, status, shown ^ fields)


def test_the_schema_is_made_once_and_in_english(db: None) -> None:
    first, again = (Caller().get("/api/schema/", Accept_Language=language) for language in ("ar", "en"))
    assert first.status_code == 200
    assert first.content == again.content
    assert "Conversations, newest first" in first.content.decode()


def test_the_page_needs_nothing_from_elsewhere(db: None) -> None:
    page = Caller().get("/api/docs/", Accept="text/html").content.decode()
    linked = re.findall(r"(?:src|href)=\"([^\"]+)\"", page)
    beginning = linked.pop()
    assert "/api/schema/" in Caller().get(beginning, Accept="*/*").content.decode()
    assert linked
    for address in linked:
        assert address.startswith("/static/"), address
        assert finders.find(address.removeprefix("/static/")), address
