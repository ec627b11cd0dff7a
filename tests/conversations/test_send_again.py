"""What did not reach the customer is sent once more, by a button, and only once."""

from __future__ import annotations

import html
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from conversations.content import Buttons, Choice, to_json
from conversations.delivery import deliver
from conversations.models import Conversation, Message
from conversations.outbox import again_code, say_again
from tests.api_calls import at_once
from tests.deliveries import provider_bot
from tests.fakes import FakeTwilio
from tests.inbox import make_conversation, make_inbound, make_outbound
from tests.jobs import waiting_jobs
from tests.world import World

QUESTION = Buttons("Delivery or pickup?", (Choice("delivery", "Delivery"), Choice("pickup", "Pickup")))


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def failed(conversation: Conversation, status: str = "failed", **fields: Any) -> Message:
    return make_outbound(
        conversation,
        QUESTION.body,
        kind="buttons",
        content=to_json(QUESTION),
        status=status,
        error_code="30008",
        **fields,
    )


def door(message: Message) -> str:
    return f"/inbox/{message.conversation.code}/messages/{message.code}/again/"


def page_of(user: User, conversation: Conversation) -> str:
    return html.unescape(signed_in(user).get(f"/inbox/{conversation.code}/").content.decode())


@pytest.mark.parametrize("status", ["failed", "undelivered"])
@pytest.mark.django_db
def test_it_waits_at_the_end_with_the_same_content(world: World, status: str) -> None:
    conversation = make_conversation(world.a)
    lost, _later = failed(conversation, status), make_outbound(conversation, "And then?")
    answer = signed_in(world.a.agent).post(door(lost), headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Trigger"]) == (204, '{"sufrah:changed": {}}')
    again = conversation.messages.latest("id")
    assert (again.kind, again.body, again.content, again.author) == (lost.kind, lost.body, lost.content, "bot")
    assert (again.status, again.error_code, again.attempts, again.answers) == ("queued", "", 0, None)
    assert waiting_jobs() == ["deliver"]
    lost.refresh_from_db()
    assert (lost.status, lost.error_code) == (status, "30008")


@pytest.mark.django_db
def test_a_second_click_says_nothing_twice(world: World) -> None:
    lost = failed(make_conversation(world.a))
    client = signed_in(world.a.agent)
    for _click in range(2):
        assert client.post(door(lost)).status_code == 302
    assert lost.conversation.messages.count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_people_at_once_say_it_once(world: World) -> None:
    lost = failed(make_conversation(world.a))
    at = timezone.now()
    said = at_once(lambda _nth: say_again(lost, at=at).code, 2)
    assert said == [again_code(lost)] * 2
    assert lost.conversation.messages.count() == 2


@pytest.mark.django_db(transaction=True)
def test_it_really_goes_out(world: World, twilio: FakeTwilio) -> None:
    provider_bot(world.a.bot)
    lost = failed(make_conversation(world.a))
    signed_in(world.a.agent).post(door(lost))
    deliver(lost.conversation_id, timezone.now)
    assert [sent.body for sent in twilio.sent] == [QUESTION.body]
    assert [option["id"] for option in twilio.sent[0].options] == ["delivery", "pickup"]


@pytest.mark.django_db
def test_the_button_is_there_while_it_helps(world: World) -> None:
    conversation = make_conversation(world.a)
    lost, button = failed(conversation), "Send again"
    assert door(lost) in page_of(world.a.agent, conversation)
    assert button in page_of(world.a.agent, conversation)
    say_again(lost, at=timezone.now())
    shown = page_of(world.a.agent, conversation)
    assert "It was sent again." in shown
    assert door(lost) not in shown
    Conversation.objects.update(last_inbound_at=timezone.now() - timedelta(hours=25))
    Message.objects.filter(code=again_code(lost)).update(status="failed")
    assert button not in page_of(world.a.agent, conversation)


@pytest.mark.parametrize("status", ["queued", "sending", "accepted", "sent", "delivered", "read"])
@pytest.mark.django_db
def test_what_did_not_fail_is_not_repeated(world: World, status: str) -> None:
    conversation = make_conversation(world.a)
    message = make_outbound(conversation, status=status)
    assert door(message) not in page_of(world.a.agent, conversation)
    answer = signed_in(world.a.agent).post(door(message), follow=True)
    assert "This message did not fail, so it was not sent again." in html.unescape(answer.content.decode())
    assert conversation.messages.count() == 1


@pytest.mark.django_db
def test_a_customers_message_is_not_ours_to_repeat(world: World) -> None:
    message = make_inbound(make_conversation(world.a))
    signed_in(world.a.agent).post(door(message))
    assert message.conversation.messages.count() == 1


@pytest.mark.django_db
def test_strangers_repeat_nothing(world: World) -> None:
    lost = failed(make_conversation(world.a))
    other = make_conversation(world.b)
    elsewhere = f"/inbox/{other.code}/messages/{lost.code}/again/"
    assert Client().post(door(lost)).status_code == 302
    assert signed_in(world.b.owner).post(door(lost)).status_code == 404
    assert signed_in(world.b.owner).post(elsewhere).status_code == 404
    assert signed_in(world.a.agent).post(door(lost).replace(str(lost.code), str(uuid4()))).status_code == 404
    assert signed_in(world.a.agent).get(door(lost)).status_code == 405
    assert Message.objects.count() == 1
