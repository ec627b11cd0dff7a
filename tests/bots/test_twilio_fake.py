"""The fake as a process of its own, asked and told over HTTP as a chaos run does."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from django.test import override_settings
from twilio.base.exceptions import TwilioRestException

from bots.models import Bot
from bots.secrets import Secret
from bots.twilio.client import client_for
from tests.world import ACCOUNT_A, NUMBER_A, TOKEN_A

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    command = [sys.executable, "-m", "tests.fakes", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield process.stdout.readline().strip()
        process.kill()


def ask(address: str, path: str) -> Any:
    with urlopen(f"{address}/_fake/{path}", timeout=5) as answer:
        return json.load(answer)


def tell(address: str, path: str, what: Any = None) -> None:
    with urlopen(Request(f"{address}/_fake/{path}", json.dumps(what).encode()), timeout=5) as answer:
        assert answer.status == 200


def test_it_keeps_what_it_accepted_and_fails_as_told(address: str) -> None:
    bot = Bot(whatsapp_number=NUMBER_A, account_sid=ACCOUNT_A, auth_token=Secret.of(TOKEN_A))
    said = {"to": "whatsapp:+966550000201", "from_": f"whatsapp:{NUMBER_A}", "body": "مرحبا"}
    with override_settings(TWILIO_API_BASE_URL=address):
        sid = client_for(bot).messages.create(**said).sid
        tell(address, "fail", [{"status": 503, "code": 20503}])
        with pytest.raises(TwilioRestException):
            client_for(bot).messages.create(**said)
    sent = ask(address, "sent")["sent"]
    assert [(message["sid"], message["body"], message["to"]) for message in sent] == [(sid, "مرحبا", said["to"])]
    assert ask(address, "calls")["messages"] == 2
    tell(address, "settings", {"latency": 0.01})
    tell(address, "forget")
    assert ask(address, "sent")["sent"] == []


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"to": ""}, 21604),
        ({"to": "+966550000201"}, 21211),
        ({"body": "x" * 1601}, 21617),
        ({"body": ""}, 21619),
        ({"content_sid": "HX" + "0" * 32}, 21655),
    ],
)
def test_it_refuses_what_twilio_refuses(address: str, wrong: dict[str, str], code: int) -> None:
    bot = Bot(whatsapp_number=NUMBER_A, account_sid=ACCOUNT_A, auth_token=Secret.of(TOKEN_A))
    said = {"to": "whatsapp:+966550000201", "from_": f"whatsapp:{NUMBER_A}", "body": "x", **wrong}
    with override_settings(TWILIO_API_BASE_URL=address), pytest.raises(TwilioRestException) as caught:
        client_for(bot).messages.create(**said)
    assert caught.value.code == code
