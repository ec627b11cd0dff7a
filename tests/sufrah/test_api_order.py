"""What a list shows as the time is the order that it is in, whoever wrote at the same moment."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.db import connection, transaction
from django.http import QueryDict
from django.utils import timezone

from bots.hooks.recording import record as record_for_hooks
from bots.models import Bot, HookDelivery, HookEndpoint
from conversations.content import Text
from conversations.inbound import record
from conversations.models import Conversation
from conversations.outbox import queue
from conversations.wire import inbound_of
from tests.api_calls import CUSTOMER, Caller, at_once, body_of, caller, furnished, operator_for, ordered
from tests.clock import NOW
from tests.conversations.api_rows import paged
from tests.twilio_posts import text_from
from tests.world import World


def listed(who: Caller, path: str) -> list[str]:
    """`createdAt` from first to last, through all pages, each of which has three rows."""
    following, times = f"{path}?limit=3", list[str]()
    pages = paged(who, following)
    rows = {row["id"]: row for row in body_of(who.get(f"{path}?limit=200"))}
    assert sorted(code for page in pages for code in page) == sorted(rows)
    for page in pages:
        times += [rows[code]["createdAt"] for code in page]
    return times


def wrote(bot: Bot, text: str, *, at: object = None) -> None:
    record(bot, inbound_of(QueryDict(urlencode(text_from(CUSTOMER, bot, text)))), at=at or timezone.now())  # type: ignore[arg-type]


@pytest.mark.django_db
def test_a_message_that_waited_is_listed_with_the_time_it_was_stored(world: World) -> None:
    """Received first and stored last: while the database was away, or behind the bot's turn."""
    wrote(world.a.bot, "one")
    talk = Conversation.objects.get()
    with transaction.atomic():
        queue(talk, [Text("two"), Text("three")], at=timezone.now() + timedelta(seconds=5))
    wrote(world.a.bot, "four", at=NOW)
    rows = body_of(caller(world.a.restaurant).get(f"/api/db/conversations/{talk.code}/messages"))
    assert [row["content"] for row in rows] == ["one", "two", "three", "four"]
    times = [row["createdAt"] for row in rows]
    assert times == sorted(times) and len(set(times)) == 4
    assert rows[3]["metadata"]["receivedAt"] == NOW.isoformat().replace("+00:00", "Z")
    assert rows[1]["metadata"]["receivedAt"] is None


@pytest.mark.django_db(transaction=True)
def test_messages_of_many_at_once_have_their_times_in_order(world: World) -> None:
    wrote(world.a.bot, "first")
    talk = Conversation.objects.select_related("restaurant").get()

    def write(n: int) -> None:
        for turn in range(3):
            if n % 2:
                wrote(world.a.bot, f"{n} {turn}")
            else:
                with transaction.atomic():
                    locked = Conversation.objects.select_for_update(of=("self",)).select_related("restaurant")
                    queue(locked.get(pk=talk.pk), [Text("a"), Text("b")], at=timezone.now())

    at_once(write, 6)
    rows = body_of(caller(world.a.restaurant).get(f"/api/db/conversations/{talk.code}/messages"))
    times = [row["createdAt"] for row in rows]
    assert len(times) == 28
    assert times == sorted(times)


@pytest.mark.django_db(transaction=True)
def test_orders_of_many_at_once_have_their_times_in_order(world: World) -> None:
    talk = furnished(world.a).conversation
    at_once(lambda n: ordered(world.a, talk), 6)
    times = listed(caller(world.a.restaurant), "/api/orders")
    assert len(times) == 7
    assert times == sorted(times, reverse=True)


@pytest.mark.django_db
def test_bots_webhooks_and_deliveries_are_listed_by_the_time_they_show(world: World) -> None:
    """Rows whose ids came in another order than their times."""
    for n in range(7):
        at = NOW + timedelta(minutes=(n * 3) % 7)
        hook = HookEndpoint.objects.create(
            restaurant=world.a.restaurant,
            url=f"https://till.example.com/{n}",
            events=["order.created"],
            secret="whsec_x",
        )
        HookEndpoint.objects.filter(pk=hook.pk).update(created_at=at)
        told = HookDelivery.objects.create(
            endpoint=HookEndpoint.objects.earliest("id"),
            event="order.created",
            data={},
            tries_left=1,
            due_at=NOW,
            created_at=at,
        )
        bot = Bot.objects.create(
            restaurant=world.a.restaurant, name="b", whatsapp_number=f"+96650000030{n}", account_sid="AC"
        )
        Bot.objects.filter(pk=bot.pk).update(created_at=at)
    own, operator = caller(world.a.restaurant), operator_for(world.a.restaurant)
    lists = [
        (own, "/api/webhooks"),
        (own, f"/api/webhooks/{told.endpoint.code}/deliveries"),
        (own, f"/api/db/restaurants/{world.a.restaurant.code}/bots"),
        (operator, "/api/admin/bots"),
    ]
    for who, path in lists:
        times = listed(who, path)
        assert len(times) >= 7, path
        assert times == sorted(times, reverse=True), path


@pytest.mark.django_db
def test_a_page_of_deliveries_begins_at_its_place_in_the_index(world: World) -> None:
    hook = HookEndpoint.objects.create(
        restaurant=world.a.restaurant, url="https://till.example.com/", events=["order.created"], secret="whsec_x"
    )
    for _ in range(3):
        record_for_hooks("order.created", world.a.restaurant.pk, {})
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        plan = HookDelivery.objects.filter(endpoint=hook).order_by("-created_at", "-id")[:10].explain()
    assert "hooks_newest" in plan and "Sort" not in plan, plan


@pytest.mark.django_db
def test_conversations_are_listed_by_their_last_message(world: World) -> None:
    from_b = [f"+96655000{n:04}" for n in range(5)]
    for phone in [*from_b, from_b[1], from_b[3]]:
        record(world.a.bot, inbound_of(QueryDict(urlencode(text_from(phone, world.a.bot, "hi")))), at=timezone.now())
    rows = body_of(caller(world.a.restaurant).get("/api/db/conversations"))
    times = [row["lastMessageAt"] for row in rows]
    assert times == sorted(times, reverse=True)
    assert [row["customerPhone"][-4:] for row in rows] == ["0003", "0001", "0004", "0002", "0000"]
