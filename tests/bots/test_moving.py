"""A sender is handed to another restaurant on purpose or not at all, also while somebody writes to it."""

from __future__ import annotations

import html
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection, transaction
from django.http import QueryDict
from django.test import Client
from django.utils import timezone, translation

from bots import live, registration
from bots.admin import moving
from bots.models import AuditEvent, Bot
from bots.registration import HasConversations, Retired, move, retire
from conversations import inbound
from conversations.inbound import record
from conversations.models import Conversation, Message
from conversations.wire import inbound_of
from tests.clock import NOW
from tests.twilio_posts import text_from
from tests.world import World

CUSTOMER = "+966550000201"


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def page(world: World, client: Client) -> Client:
    client.force_login(world.operator)
    return client


def of(bot: Bot, *more: str) -> str:
    return "/".join(["/admin/bots/bot", str(bot.pk), *(more or ["change"])]) + "/"


def text_of(response: Any) -> str:
    return html.unescape(response.content.decode())


def house_of(bot: Bot) -> int:
    return Bot.objects.get(pk=bot.pk).restaurant_id


def talk_with(bot: Bot) -> Conversation:
    return Conversation.objects.create(
        restaurant=bot.restaurant, bot=bot, customer_address=CUSTOMER, last_message_at=timezone.now()
    )


def write_to(bot: Bot) -> bool:
    form = QueryDict(urlencode(text_from(CUSTOMER, bot, "Hello")))
    return record(bot, inbound_of(form), at=NOW)


def test_moving_is_noted_and_told_to_both(
    world: World, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    said: list[live.Announcement] = []
    monkeypatch.setattr(live, "_publish", said.append)
    with django_capture_on_commit_callbacks(execute=True):
        move(world.a.bot, world.b.restaurant, by=world.operator)
    assert house_of(world.a.bot) == world.b.restaurant.pk
    event = AuditEvent.objects.get()
    assert (event.action, event.user, event.bot) == ("sender.moved", world.operator, world.a.bot)
    assert event.changes == {"restaurant": ["Shawarma House", "Falafel Corner"]}
    assert {one.restaurant_code for one in said} == {str(world.a.restaurant.code), str(world.b.restaurant.code)}
    assert move(world.a.bot, world.b.restaurant, by=None) == {}
    assert AuditEvent.objects.count() == 1


def test_history_stays_where_it_is(world: World) -> None:
    talk_with(world.a.bot)
    with pytest.raises(HasConversations, match="Retire it and register the number anew"):
        move(world.a.bot, world.b.restaurant, by=None)
    retire(world.b.bot, by=None)
    with pytest.raises(Retired):
        move(world.b.bot, world.a.restaurant, by=None)
    assert (house_of(world.a.bot), house_of(world.b.bot)) == (world.a.restaurant.pk, world.b.restaurant.pk)


def test_the_page_asks_where_to_and_says_what_it_means(page: Client, world: World) -> None:
    assert f'href="{of(world.a.bot, "move")}"' in text_of(page.get(of(world.a.bot)))
    asked = text_of(page.get(of(world.a.bot, "move")))
    assert "Nobody has written to it yet" in asked
    assert f'<option value="{world.b.restaurant.pk}">' in asked
    assert f'<option value="{world.a.restaurant.pk}">' not in asked
    assert "This field is required." in text_of(page.post(of(world.a.bot, "move"), {"restaurant": ""}))
    assert house_of(world.a.bot) == world.a.restaurant.pk
    said = text_of(page.post(of(world.a.bot, "move"), {"restaurant": world.b.restaurant.pk}, follow=True))
    assert "“Shawarma House Bot” belongs to Falafel Corner now." in said
    assert house_of(world.a.bot) == world.b.restaurant.pk


def test_the_page_of_a_sender_with_history_has_no_button_that_moves(page: Client, world: World) -> None:
    talk_with(world.a.bot)
    asked = text_of(page.get(of(world.a.bot, "move")))
    assert "This sender has a conversation, which belongs to its restaurant." in asked
    assert f'href="{of(world.a.bot, "retire")}"' in asked
    assert 'name="restaurant"' not in asked
    said = text_of(page.post(of(world.a.bot, "move"), {"restaurant": world.b.restaurant.pk}, follow=True))
    assert "it stays with its restaurant. Retire it and register the number anew. Nothing was changed." in said
    assert (house_of(world.a.bot), AuditEvent.objects.count()) == (world.a.restaurant.pk, 0)


def test_the_form_beside_other_fields_moves_nothing(page: Client, world: World) -> None:
    form = page.get(of(world.a.bot)).context["adminform"].form
    assert "restaurant" not in form.fields
    fields = {**{name: form[name].value() or "" for name in form.fields}, "restaurant": world.b.restaurant.pk}
    assert page.post(of(world.a.bot), {**fields, "name": "New"}).status_code == 302
    stored = Bot.objects.get(pk=world.a.bot.pk)
    assert (stored.name, stored.restaurant) == ("New", world.a.restaurant)


def test_somebody_quicker_is_said(page: Client, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def rival_first(bot: Bot, *args: Any, by: User) -> None:
        registration.retire(Bot.objects.get(pk=bot.pk), by=None)
        move(bot, *args, by=by)

    monkeypatch.setattr(moving, "move", rival_first)
    said = text_of(page.post(of(world.a.bot, "move"), {"restaurant": world.b.restaurant.pk}, follow=True))
    assert "This sender is retired. Nothing was changed." in said


def test_only_operators_who_may_change_move(client: Client, world: World) -> None:
    reader = User.objects.create_user("reader", is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_bot"))
    for person, status in ((None, 302), (world.a.owner, 302), (world.stranger, 302), (reader, 403)):
        if person:
            client.force_login(person)
        assert client.post(of(world.a.bot, "move"), {"restaurant": world.b.restaurant.pk}).status_code == status
    client.force_login(world.operator)
    assert client.get("/admin/bots/bot/999999/move/").status_code == 404
    assert house_of(world.a.bot) == world.a.restaurant.pk


def test_a_message_that_was_read_before_the_move_belongs_to_the_new_restaurant(
    world: World, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    """The door has read the sender, and then it is moved."""
    said: list[live.Announcement] = []
    monkeypatch.setattr(live, "_publish", said.append)
    read_before = Bot.objects.select_related("restaurant").get(pk=world.a.bot.pk)
    move(world.a.bot, world.b.restaurant, by=None)
    said.clear()
    with django_capture_on_commit_callbacks(execute=True):
        assert write_to(read_before)
        assert write_to(read_before)
    assert {talk.restaurant for talk in Conversation.objects.all()} == {world.b.restaurant}
    assert {message.restaurant for message in Message.objects.all()} == {world.b.restaurant}
    assert {one.restaurant_code for one in said} == {str(world.b.restaurant.code)}


@pytest.mark.django_db(transaction=True)
def test_a_first_message_on_its_way_in_keeps_the_sender_where_it_is(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The move comes between the conversation and the end of its transaction: it waits, and is refused."""
    stored = inbound._stored

    def moved_meanwhile(*args: Any) -> Any:
        running.append(pool.submit(rival))
        wait_until_somebody_waits()
        return stored(*args)

    def rival() -> None:
        try:
            move(Bot.objects.get(pk=world.a.bot.pk), world.b.restaurant, by=None)
        finally:
            connection.close()

    running: list[Any] = []
    monkeypatch.setattr(inbound, "_stored", moved_meanwhile)
    with ThreadPoolExecutor(1) as pool:
        assert write_to(world.a.bot)
        with pytest.raises(HasConversations):
            running[0].result(timeout=20)
    assert (house_of(world.a.bot), Conversation.objects.get().restaurant) == (
        world.a.restaurant.pk,
        world.a.restaurant,
    )


@pytest.mark.django_db(transaction=True)
def test_a_first_message_waits_for_a_move_that_has_begun(world: World) -> None:
    def rival() -> bool:
        try:
            return write_to(read_before)
        finally:
            connection.close()

    read_before = Bot.objects.select_related("restaurant").get(pk=world.a.bot.pk)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            registration._locked(world.a.bot)
            written = pool.submit(rival)
            wait_until_somebody_waits()
            Bot.objects.filter(pk=world.a.bot.pk).update(restaurant=world.b.restaurant)
        assert written.result(timeout=20)
    assert Conversation.objects.get().restaurant == world.b.restaurant
    assert Message.objects.get().restaurant == world.b.restaurant


def wait_until_somebody_waits() -> None:
    """Until another session of this database waits for a lock; a statement is a moment of its own."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    for _ in range(2000):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(waiting)
            if cursor.fetchone()[0]:
                return
            cursor.execute("SELECT pg_sleep(0.005)")
    raise AssertionError("Nobody waits.")
