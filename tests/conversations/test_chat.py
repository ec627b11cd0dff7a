"""The phone in a terminal: a script orders through the real webhook, the real turns and the real delivery."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from bots.models import Bot
from conversations.handoff import take_over
from conversations.management.commands import chat
from conversations.models import Conversation, Message
from core.serving import Serving
from orders.models import Order
from tests.jobs import run_jobs
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)
AHMAD = "+966550000201"


@pytest.fixture
def server(live_server: LiveServer, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveServer]:
    """The web server; the worker works whenever the phone waits."""
    settings.PORT_IS_GIVEN = True
    settings.PORT = int(live_server.url.rpartition(":")[2])
    settings.PUBLIC_BASE_URL = "https://orders.example.com"
    clock = SimpleNamespace(monotonic=time.monotonic, sleep=lambda _seconds: run_jobs())
    monkeypatch.setattr(chat, "time", clock)
    yield live_server


def chatted(monkeypatch: pytest.MonkeyPatch, *lines: str, **options: object) -> str:
    """What the terminal shows when a script writes these lines."""
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
    out = io.StringIO()
    call_command("chat", stdout=out, **{"number": AHMAD, "wait": 10.0, **options})
    return out.getvalue()


def test_a_script_orders_by_numbers(server: LiveServer, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    # welcome → order → pick up → branch → category → item → quantity
    shown = chatted(monkeypatch, "Hi", "1", "2", "1", "1", "1", "2", name="Ahmad")
    assert "> Hi" in shown
    assert "1. " in shown
    assert "24.00" in shown
    talk = Conversation.objects.get()
    assert (talk.customer_address, talk.customer_name, talk.bot) == (AHMAD, "Ahmad", world.a.bot)
    taps = [m.payload for m in talk.messages.filter(direction="IN").exclude(body="Hi") if m.payload]
    assert taps
    assert all("ButtonPayload" in form or "ListId" in form for form in taps)
    own_sids = set(talk.messages.filter(direction="OUT").values_list("provider_sid", flat=True))
    assert {form["OriginalRepliedMessageSid"] for form in taps} <= own_sids
    more = chatted(monkeypatch, "checkout", "1", "1")
    assert Order.objects.get().lines.get().quantity == 2, more


def test_the_talk_goes_on_where_it_was(server: LiveServer, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    first = chatted(monkeypatch, "Hi")
    offered = [line for line in first.splitlines() if line.startswith("  1. ")]
    again = chatted(monkeypatch)
    assert offered
    assert offered[0] in again
    assert "> " not in again
    chatted(monkeypatch, "/tap 1")
    assert Message.objects.filter(direction="IN").count() == 2


def test_everything_a_phone_sends(server: LiveServer, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ("Hi", "/location 24.7, 46.68", "/image a receipt", "/voice", "/say 1", "", "/help")
    assert "/location LAT LON" in chatted(monkeypatch, *lines)
    kinds = list(Message.objects.filter(direction="IN").order_by("pk").values_list("kind", "body"))
    assert kinds == [("text", "Hi"), ("location", ""), ("image", "a receipt"), ("audio", ""), ("text", "1")]


def test_nothing_after_quit_is_said(server: LiveServer, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    chatted(monkeypatch, "Hi", "/quit", "not this")
    assert list(Message.objects.filter(direction="IN").values_list("body", flat=True)) == ["Hi"]


def test_another_sender_is_named_by_its_number(
    server: LiveServer, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    chatted(monkeypatch, "Hi", sender="0500000102")
    assert Conversation.objects.get().bot == world.b.bot


def test_without_a_number_a_new_customer_writes(
    server: LiveServer, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        chatted(monkeypatch, "Hi", number=None)
    assert Conversation.objects.count() == 2


def test_a_hidden_customer_writes(server: LiveServer, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    chatted(monkeypatch, "Hi", number="SA.4566546130240823")
    talk = Conversation.objects.get()
    assert (talk.external_user_id, talk.customer_phone) == ("SA.4566546130240823", None)


def test_no_answer_in_time_is_a_failure(server: LiveServer, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat, "time", SimpleNamespace(monotonic=time.monotonic, sleep=time.sleep))  # no worker
    with pytest.raises(CommandError, match=r"No answer came within 0\.3 seconds"):
        chatted(monkeypatch, "Hi", "never said", wait=0.3)
    assert Message.objects.filter(direction="IN").count() == 1


def test_a_silent_bot_is_a_failure(server: LiveServer, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    chatted(monkeypatch, "Hi")
    take_over(Conversation.objects.select_related("restaurant").get(), world.a.agent, at=timezone.now())
    with pytest.raises(CommandError, match="a person has this conversation"):
        chatted(monkeypatch, "Hello?")


def test_no_server_is_said_in_words(world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.PORT_IS_GIVEN = True
    settings.PORT = 9  # discard: nobody listens there
    with pytest.raises(CommandError, match=r"No answer from http://127\.0\.0\.1:9\. Is the server running"):
        chatted(monkeypatch, "Hi")


def test_the_server_of_this_folder_is_found(
    server: LiveServer, world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    port, settings.PORT, settings.PORT_IS_GIVEN, settings.DATA_DIR = settings.PORT, 9, False, tmp_path
    here = Serving("127.0.0.1", port, settings.PUBLIC_BASE_URL)
    with monkeypatch.context() as running:
        running.setattr(chat, "served_at", lambda _folder: here)
        chatted(monkeypatch, "Hi")
    with pytest.raises(CommandError, match="Start it, or name it"):
        chatted(monkeypatch, "Hello?")
    assert Message.objects.filter(direction="IN").count() == 1


def test_a_door_that_refuses_is_said_in_words(
    server: LiveServer, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("conversations.simulator.posting.signature", lambda *_: "forged")
    with pytest.raises(CommandError, match=r"answered 403\. PORT and PUBLIC_BASE_URL"):
        chatted(monkeypatch, "Hi")
    assert not Message.objects.exists()


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("/tap 1", "no such choice"),
        ("/tap x", "no such choice"),
        ("/location here", "for example /location"),
        ("/say", "nothing to send"),
        ("م" * 4097, "4,096"),
    ],
)
def test_what_a_phone_cannot_send(world: World, monkeypatch: pytest.MonkeyPatch, line: str, sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        chatted(monkeypatch, line)


def test_a_message_that_failed_is_shown_as_such_and_offers_nothing(
    server: LiveServer, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    chatted(monkeypatch, "Hi")
    Message.objects.filter(direction="OUT").update(status="failed", provider_sid=None, error_reason="no such number")
    assert "did not reach the customer: no such number" in chatted(monkeypatch)
    with pytest.raises(CommandError, match="no such choice"):
        chatted(monkeypatch, "/tap 1")


def test_only_demo_senders(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    Bot.objects.filter(pk=world.b.bot.pk).update(channel=Bot.Channel.TWILIO)
    with pytest.raises(CommandError, match=r"is no demo sender\. These are: \+966500000101 \(Shawarma House\)$"):
        chatted(monkeypatch, "Hi", sender=world.b.bot.whatsapp_number)
    Bot.objects.update(channel=Bot.Channel.TWILIO)
    with pytest.raises(CommandError, match="There is no demo sender"):
        chatted(monkeypatch, "Hi")


def test_nobody_has_such_a_number(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CommandError, match="nobody is no phone number"):
        chatted(monkeypatch, "Hi", number="nobody")


def test_it_is_off_in_production(world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.SIMULATOR = False
    with pytest.raises(CommandError, match="off in production"):
        chatted(monkeypatch, "Hi")
