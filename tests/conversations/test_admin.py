"""The operators' pages of conversations, messages and talks."""

from __future__ import annotations

import html
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from conversations.models import Conversation, Message
from sessions_state.models import BotSession
from tests.world import House, World, fresh_sid

CONVERSATIONS, MESSAGES = "/admin/conversations/conversation/", "/admin/conversations/message/"


@pytest.fixture
def page(world: World, client: Client) -> Client:
    client.force_login(world.operator)
    return client


def text_of(response: Any) -> str:
    return html.unescape(response.content.decode())


def talk_with(house: House, name: str = "Huda", phone: str = "+966500000900") -> Conversation:
    return Conversation.objects.create(
        restaurant=house.restaurant,
        bot=house.bot,
        customer_address=phone,
        customer_phone=phone,
        customer_name=name,
        last_message_at=timezone.now(),
    )


def heard(conversation: Conversation, body: str = "مرحبا", **fields: Any) -> Message:
    return Message.objects.create(
        restaurant=conversation.restaurant,
        bot=conversation.bot,
        conversation=conversation,
        direction="IN",
        author="customer",
        kind="text",
        body=body,
        status="received",
        provider_sid=fresh_sid(),
        **fields,
    )


def parked(conversation: Conversation, body: str = "كبسة") -> Message:
    return heard(conversation, body, turn_error="KeyError", turn_attempts=3, handled_at=timezone.now())


def test_a_message_is_shown_as_it_came_without_secrets(page: Client, world: World) -> None:
    payload = {"Body": "<b>مرحبا</b>", "AuthToken": "abc123", "ProfileName": "Huda"}
    message = heard(talk_with(world.a), payload=payload)
    said = page.get(f"{MESSAGES}{message.pk}/change/").content.decode()
    assert "&lt;b&gt;مرحبا&lt;/b&gt;" in said
    assert "abc123" not in said


def test_a_conversation_leads_to_its_messages(page: Client, world: World) -> None:
    here, there = talk_with(world.a), talk_with(world.b, "Omar")
    heard(here, "from Huda")
    heard(there, "from Omar")
    assert f"{MESSAGES}?conversation__id__exact={here.pk}" in text_of(page.get(f"{CONVERSATIONS}{here.pk}/change/"))
    said = text_of(page.get(MESSAGES, {"conversation__id__exact": here.pk}))
    assert "from Huda" in said
    assert "from Omar" not in said


def test_customers_are_found_by_name_and_number(page: Client, world: World) -> None:
    talk_with(world.a, "Huda", "+966500000900")
    talk_with(world.a, "Omar", "+966500000901")
    for wanted in ("Huda", "+966500000900"):
        said = text_of(page.get(CONVERSATIONS, {"q": wanted}))
        assert "<bdi>Huda</bdi>" in said
        assert "<bdi>Omar</bdi>" not in said


def test_what_the_bot_could_not_answer_is_found(page: Client, world: World) -> None:
    stuck, fine = talk_with(world.a, "Huda"), talk_with(world.b, "Omar")
    parked(stuck, "the bad one")
    heard(fine, "the good one")
    said = text_of(page.get(MESSAGES, {"unanswered": "yes"}))
    assert "the bad one" in said
    assert "the good one" not in said
    said = text_of(page.get(CONVERSATIONS, {"unanswered": "yes"}))
    assert "<bdi>Huda</bdi>" in said
    assert "<bdi>Omar</bdi>" not in said


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", [CONVERSATIONS, MESSAGES])
def test_the_bot_tries_again(world: World, page: Client, path: str) -> None:
    conversation = talk_with(world.a)
    bad, good = parked(conversation), heard(conversation, handled_at=timezone.now())
    chosen = [conversation.pk] if path == CONVERSATIONS else [bad.pk, good.pk]
    said = text_of(page.post(path, {"action": "try_again", "_selected_action": chosen}, follow=True))
    assert "The bot tries 1 message again." in said
    bad.refresh_from_db()
    good.refresh_from_db()
    assert (bad.handled_at, bad.turn_error, bad.turn_attempts) == (None, "", 0)
    assert good.handled_at is not None


def test_only_who_may_change_messages_lets_it_try_again(client: Client, world: World) -> None:
    reader = User.objects.create_user("reader", is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_message"))
    client.force_login(reader)
    bad = parked(talk_with(world.a))
    assert client.get(MESSAGES).status_code == 200
    client.post(MESSAGES, {"action": "try_again", "_selected_action": [bad.pk]})
    bad.refresh_from_db()
    assert bad.turn_error == "KeyError"


def test_nothing_is_written_by_hand(page: Client, world: World) -> None:
    conversation = talk_with(world.a)
    message = heard(conversation)
    session = BotSession.objects.create(conversation=conversation, restaurant=world.a.restaurant, step="confirming")
    for path, row in (
        (CONVERSATIONS, conversation),
        (MESSAGES, message),
        ("/admin/sessions_state/botsession/", session),
    ):
        assert page.get(f"{path}{row.pk}/change/").status_code == 200
        assert page.get(f"{path}add/").status_code == 403
        assert page.post(f"{path}{row.pk}/change/", {"step": "welcome", "body": "x"}).status_code == 403
        assert page.post(f"{path}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    assert (Conversation.objects.count(), Message.objects.get().body) == (1, "مرحبا")
    assert BotSession.objects.get().step == "confirming"


def test_a_talk_shows_what_the_bot_remembers(page: Client, world: World) -> None:
    session = BotSession.objects.create(
        conversation=talk_with(world.a), restaurant=world.a.restaurant, step="confirming", state={"payment": "cash"}
    )
    assert '"payment": "cash"' in text_of(page.get(f"/admin/sessions_state/botsession/{session.pk}/change/"))


@pytest.mark.parametrize(
    ("path", "queries"), [(CONVERSATIONS, 4), (MESSAGES, 4), ("/admin/sessions_state/botsession/", 6)]
)
def test_lists_ask_the_same_however_long_they_are(
    page: Client, world: World, path: str, queries: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for n in range(20):
        conversation = talk_with(world.a, f"Customer {n}", f"+9665000006{n:02}")
        heard(conversation)
        BotSession.objects.create(conversation=conversation, restaurant=world.a.restaurant)
    with django_assert_num_queries(queries):
        assert page.get(path).status_code == 200


def test_staff_and_strangers_stay_outside(client: Client, world: World) -> None:
    talk_with(world.a)
    for person in (None, world.a.owner, world.stranger):
        if person:
            client.force_login(person)
        for path in (CONVERSATIONS, MESSAGES, "/admin/sessions_state/botsession/"):
            assert client.get(path)["Location"].startswith("/admin/login/")
