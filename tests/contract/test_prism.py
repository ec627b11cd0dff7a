"""The real library and Twilio's own specification, which Prism holds us to.

`twilio.json` is the part that we use of Twilio's published OpenAPI files (MIT licence), with their refusals of
Messages added. Prism remembers nothing and answers with the examples of the specification.
"""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from django.utils import translation

from bots import verification
from bots.comparison import wanted
from bots.models import AuditEvent, Bot
from bots.twilio import messages, senders
from bots.twilio.errors import SendRefused
from bots.verification import health, set_webhooks, unregistered, verify
from tests import needs
from tests.world import ACCOUNT_A, NUMBER_A, TOKEN_A, World

pytestmark = [pytest.mark.prism, pytest.mark.processes]
SPECIFICATION = Path(__file__).with_name("twilio.json")
CUSTOMER = "whatsapp:+966550000201"
STARTS_WITHIN = 60.0
# The sender of the specification's examples.
EXAMPLE_NUMBER, EXAMPLE_WABA = "+999999999XX", "1234567XXX"


@pytest.fixture(scope="module")
def prism(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    program, port = needs.prism(), _free_port()
    log = tmp_path_factory.mktemp("prism") / "log"
    command = [program, "mock", "-h", "127.0.0.1", "-p", str(port), "-m", "false", str(SPECIFICATION)]
    with log.open("w") as out, subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT) as process:
        try:
            _wait_for(process, port, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    """What is said depends on who reads, not on what a test before read."""
    with translation.override("en"):
        yield


@pytest.fixture
def bot(world: World, prism: str, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Bot:
    settings.TWILIO_API_BASE_URL = prism
    settings.PUBLIC_BASE_URL = "https://bot.example.com"
    monkeypatch.setattr(verification, "PAUSES", (0.0,))
    Bot.objects.filter(pk=world.a.bot.pk).update(
        channel="twilio", whatsapp_number=EXAMPLE_NUMBER, waba_id=EXAMPLE_WABA, status="PENDING"
    )
    world.a.bot.refresh_from_db()
    return world.a.bot


def test_verify_asks_as_the_specification_wants(bot: Bot) -> None:
    (said,) = verify(bot, by=None)
    assert said == f"This account has no sender with the number {EXAMPLE_NUMBER}.", "the example of a list is empty"
    bot.waba_id = "777"
    Bot.objects.filter(pk=bot.pk).update(waba_id="777")
    assert f"WhatsApp Business account is {EXAMPLE_WABA} at Twilio, 777 is expected." in verify(bot, by=None)
    assert Bot.objects.get(pk=bot.pk).status == "FAILED"


def test_webhooks_are_set_as_the_specification_wants(bot: Bot) -> None:
    differing = set_webhooks(bot, by=None)
    assert [line.name for line in differing] == ["callback_url", "fallback_url", "status_callback_url"]
    assert differing[0].found == "https://callback.example.com", "Prism remembers nothing"
    assert AuditEvent.objects.get(action="sender.webhooks_set").changes["fallback_url"] == [
        "https://fallback.example.com",
        "https://bot.example.com/webhook",
    ]


def test_webhooks_that_break_the_specification_are_refused(bot: Bot) -> None:
    with pytest.raises(SendRefused) as caught:
        senders.tell(bot, {**wanted(), "callback_method": "SHOUT"})
    assert caught.value.code == "422"


def test_health_reads_what_the_specification_answers(bot: Bot) -> None:
    lines = {line.name: line for line in health(bot)}
    assert not lines["Status"].is_wrong
    assert not lines["WhatsApp Business account"].is_wrong
    assert lines["callback_url"].found == "https://callback.example.com"


def test_the_list_of_an_account_is_read(bot: Bot) -> None:
    assert unregistered(ACCOUNT_A, TOKEN_A) == []


def test_a_message_is_created(bot: Bot) -> None:
    asked = {"to": CUSTOMER, "from_": f"whatsapp:{NUMBER_A}", "body": "أهلاً"}
    callback = "https://bot.example.com/whatsapp/status/0b7c"
    assert messages.create(bot, {**asked, "status_callback": callback}).startswith("SM")
    content = {"content_sid": "HX" + "a" * 32, "content_variables": '{"1": "تأكيد"}'}
    assert messages.create(bot, {"to": CUSTOMER, "from_": asked["from_"], **content})


@pytest.mark.parametrize("changes", [{"to": ""}, {"to": "+966550000201"}, {"body": "x" * 1601}, {"content_sid": "HX1"}])
def test_a_message_that_breaks_the_specification_is_refused(bot: Bot, changes: dict[str, str]) -> None:
    with pytest.raises(SendRefused):
        messages.create(bot, {"to": CUSTOMER, "from_": f"whatsapp:{NUMBER_A}", "body": "x", **changes})


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _wait_for(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Any answer will do; the first takes longest."""
    ends = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < ends and process.poll() is None:
        try:
            requests.get(f"http://127.0.0.1:{port}/2010-04-01/Accounts/{ACCOUNT_A}.json", timeout=10)
        except requests.RequestException:
            time.sleep(0.2)
        else:
            return
    pytest.fail(f"Prism did not start:\n{log.read_text()[-2000:]}")
