"""One line for each request, turn and send, and ids that lead from one to the next."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client, override_settings
from django.utils import timezone
from structlog.contextvars import get_contextvars

from conversations.delivery import deliver
from conversations.models import Message
from sessions_state.turns import take_turns
from sufrah.logs import JsonLines
from sufrah.starting import tell_start
from tests.fakes import FakeTwilio
from tests.twilio_posts import post, text_from
from tests.world import TOKEN_A, World

pytestmark = pytest.mark.django_db(transaction=True)
CUSTOMER = "+966550000201"


class Lines(logging.Handler):
    """Every line as a log store would get it."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.setFormatter(JsonLines())

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(self.format(record))

    def of(self, event: str) -> list[dict[str, Any]]:
        return [line for line in map(json.loads, self.texts) if line["event"] == event]


@pytest.fixture
def lines() -> Iterator[Lines]:
    handler, root = Lines(), logging.getLogger()
    level, root.level = root.level, logging.INFO
    root.setLevel(logging.INFO)
    root.addHandler(handler)
    yield handler
    root.removeHandler(handler)
    root.setLevel(level)


def test_one_message_is_followed_by_its_ids(world: World, twilio: FakeTwilio, lines: Lines) -> None:
    post(text_from(CUSTOMER, world.a.bot, "سر لا يعرفه أحد"), TOKEN_A)
    heard = Message.objects.get()
    take_turns(heard.conversation_id, timezone.now)
    deliver(heard.conversation_id, timezone.now)

    (request,), (turn,), sends = lines.of("request"), lines.of("turn"), lines.of("send")
    same = {"conversation_id": heard.conversation_id, "bot_id": world.a.bot.pk}
    known = {"method": "POST", "route": "whatsapp/webhook", "status": 200, "message_id": heard.pk} | same
    assert request.items() >= known.items()
    assert len(request["request_id"]) == 32
    assert request["ms"] > 0
    assert turn.items() >= ({"message_id": heard.pk, "step": "welcome"} | same).items()
    answers = Message.objects.filter(direction=Message.Direction.OUT).order_by("pk")
    assert [line["message_id"] for line in sends] == [answer.pk for answer in answers]
    assert all(line.items() >= (same | {"attempt": 1}).items() and line["provider_sid"] for line in sends)
    everything = "\n".join(lines.texts)
    assert "966550000201" not in everything
    assert "سر" not in everything


def test_a_webhook_that_is_refused_says_which_sender_and_why(world: World, lines: Lines) -> None:
    post(text_from(CUSTOMER, world.a.bot, "hello"), "f" * 32)
    (line,) = lines.of("request")
    assert line.items() >= {"status": 403, "level": "WARNING", "bot_id": world.a.bot.pk}.items()
    assert line["refused"] == "not signed with this sender's token for this address"
    assert not Message.objects.exists()
    assert TOKEN_A not in "".join(lines.texts)


@pytest.mark.parametrize(
    ("given", "is_kept"),
    [
        ("0b6f8c1e-9f5e-4c1f-8a52-3d4f5b6a7c8d", True),
        ("1-6789f233-abcdef012345678912345678", True),
        ("966550000201", False),
        ("short", False),
        ("x" * 101, False),
        ("has spaces in it", False),
        ("<script>alert(1)</script>", False),
        ("", False),
    ],
)
def test_a_request_has_an_id_and_answers_with_it(client: Client, lines: Lines, given: str, is_kept: bool) -> None:
    answer = client.get("/nothing-here/", headers={"X-Request-ID": given})
    (line,) = lines.of("request")
    assert answer["X-Request-ID"] == line["request_id"]
    assert (answer["X-Request-ID"] == given) == is_kept
    assert line.items() >= {"route": "none", "status": 404, "level": "INFO"}.items()
    assert get_contextvars() == {}


def test_what_a_request_says_elsewhere_has_its_id(client: Client, lines: Lines) -> None:
    client.post(
        "/api/conversations", headers={"X-Request-ID": "a-given-id", "Authorization": "Bearer sfr_notoneofours"}
    )
    (line,) = lines.of("request")
    assert line.items() >= {"level": "WARNING", "status": 401, "request_id": "a-given-id"}.items()
    assert line["refused"] == "This token is unknown or revoked"
    assert "sfr_notoneofours" not in "".join(lines.texts)


def test_a_route_is_a_pattern_and_opens_nothing(client: Client, lines: Lines) -> None:
    client.get("/join/opensesame1234/?token=abc")
    (line,) = lines.of("request")
    assert "opensesame" not in "".join(lines.texts)
    assert line["route"].startswith("join/<")


def test_a_person_who_signed_in_is_named_by_id(world: World, client: Client, lines: Lines) -> None:
    client.force_login(world.a.owner)
    client.get("/inbox/")
    assert [line["user_id"] for line in lines.of("request")] == [world.a.owner.pk]


def test_probes_are_quiet_while_all_is_well(client: Client, lines: Lines) -> None:
    client.get("/healthz")
    assert lines.of("request") == []


@override_settings(USES_EMBEDDED_DATABASE=False, REDIS_URL="redis://:s3cret@redis:6379/0")
def test_a_start_says_what_matters_and_no_password(lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    place = {"HOST": "db", "PORT": 5433, "NAME": "sufrah", "PASSWORD": "s3cret"}
    monkeypatch.setattr(settings, "DATABASES", {"default": place})
    tell_start("worker")
    (line,) = lines.of("started")
    known = {"runs": "worker", "env": "local", "database": "db:5433/sufrah", "redis": "yes", "concurrency": 8}
    assert line.items() >= known.items()
    assert "s3cret" not in "".join(lines.texts)
