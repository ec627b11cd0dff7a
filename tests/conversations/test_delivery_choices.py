"""Buttons, lists and templates: by content resource, else as words."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from bots.models import Bot
from conversations import channels
from conversations.claims import LEASE
from conversations.content import Content, Template
from conversations.delivery import deliver
from conversations.models import Message
from conversations.outbox import queue
from tests.deliveries import MENU, SURE, after, fresh, provider_bot, said, statuses
from tests.fake_account import Failure
from tests.fakes import FakeTwilio
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def bot(world: World) -> Bot:
    return provider_bot(world.a.bot)


@pytest.mark.parametrize("content", [SURE, MENU], ids=["buttons", "list"])
@pytest.mark.parametrize(
    "failure",
    [
        Failure(target="content", status=400, code=20001),
        Failure(status=400, code=21656),
        Failure(status=400, code=21655),
    ],
)
def test_refused_choices_go_out_as_numbered_text(
    bot: Bot, twilio: FakeTwilio, content: Content, failure: Failure
) -> None:
    message = said(bot, content)[0]
    twilio.fail(failure)
    assert deliver(message.conversation_id, timezone.now) == 1
    assert statuses(message) == ["accepted"]
    assert twilio.sent[0].content_sid == ""
    assert "\n1. " in twilio.sent[0].body
    assert "\n2. " in twilio.sent[0].body


def test_a_resource_that_is_gone_is_made_again(bot: Bot, twilio: FakeTwilio) -> None:
    first = said(bot, SURE)[0]
    deliver(first.conversation_id, timezone.now)
    twilio.account.contents.clear()
    queue(first.conversation, [SURE, SURE], at=timezone.now())
    deliver(first.conversation_id, timezone.now)
    assert [bool(sent.content_sid) for sent in twilio.sent] == [True, False, True]


def test_resources_that_cannot_be_made_do_not_keep_the_answer_back(bot: Bot, twilio: FakeTwilio) -> None:
    message = said(bot, SURE)[0]
    twilio.fail(*[Failure(target="content", status=503)] * 9)
    for n in range(4):
        deliver(message.conversation_id, after(60 * n))
    assert statuses(message) == ["accepted"]
    assert twilio.sent[0].body == "Sure?\nReally?\n1. Yes\n2. No"


def test_a_refusal_of_the_receiver_is_tried_plainly_once_and_ends(bot: Bot, twilio: FakeTwilio) -> None:
    message = said(bot, SURE)[0]
    twilio.fail(*[Failure(status=400, code=21610)] * 2)
    deliver(message.conversation_id, timezone.now)
    assert (fresh(message).status, fresh(message).error_code) == ("failed", "21610")
    assert twilio.account.calls["messages"] == 2


def test_a_template_goes_out_by_name(bot: Bot, twilio: FakeTwilio) -> None:
    template = {"friendly_name": "ready", "language": "ar", "types": {"twilio/text": {"body": "Order {{1}}"}}}
    twilio.account.make_content(bot.owning_account, template)
    messages = said(bot, Template("ready", "ar", ("12",)), Template("lost", "ar"))
    deliver(messages[0].conversation_id, timezone.now)
    assert [sent.body for sent in twilio.sent] == ["Order 12"]
    assert statuses(*messages) == ["accepted", "failed"]


def test_broken_content_ends_in_words(bot: Bot, twilio: FakeTwilio) -> None:
    messages = said(bot)
    Message.objects.filter(pk=messages[0].pk).update(content={"kind": "hologram"})
    deliver(messages[0].conversation_id, timezone.now)
    assert statuses(*messages) == ["failed", "accepted"]
    assert fresh(messages[0]).error_code == "content"


def test_an_unreadable_token_waits_for_its_key(bot: Bot, twilio: FakeTwilio, settings: Any) -> None:
    message = said(bot, SURE)[0]
    keys = settings.FIELD_ENCRYPTION_KEYS
    settings.FIELD_ENCRYPTION_KEYS = ["MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="]
    deliver(message.conversation_id, timezone.now)
    assert (fresh(message).status, fresh(message).error_code) == ("queued", "secret")
    settings.FIELD_ENCRYPTION_KEYS = keys
    deliver(message.conversation_id, after(90))
    assert statuses(message) == ["accepted"]


@pytest.mark.parametrize(
    ("base", "mock", "named"),
    [
        ("https://bot.example.com", False, True),
        ("http://localhost:8000", False, False),
        ("http://localhost:8000", True, True),
    ],
)
def test_reports_are_asked_for_where_they_can_come(bot: Bot, settings: Any, base: str, mock: bool, named: bool) -> None:
    settings.PUBLIC_BASE_URL = base
    settings.TWILIO_API_BASE_URL = "http://127.0.0.1:1" if mock else ""
    message = said(bot)[0]
    expected = f"{base}/whatsapp/status/{message.code}" if named else ""
    assert channels.status_callback_of(message) == expected


def test_a_request_ends_before_its_claim() -> None:
    assert timedelta(seconds=channels.SEND_SECONDS) < LEASE <= timedelta(seconds=10)
