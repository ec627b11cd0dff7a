"""The column “health” of the list of senders: in colour and in words, worse things first."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone, translation
from pytest_django import DjangoAssertNumQueries

from bots.admin.condition import WORST_FIRST, Trait, traits_of, with_traffic
from bots.models import Bot
from tests.traffic import said, talk_with
from tests.world import World

LIST = "/admin/bots/bot/"


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def page(world: World, client: Client) -> Client:
    client.force_login(world.operator)
    Bot.objects.update(channel="twilio")
    return client


def put(bot: Bot, **fields: Any) -> None:
    Bot.objects.filter(pk=bot.pk).update(**fields)


def traits(bot: Bot) -> list[Trait]:
    return list(traits_of(with_traffic(Bot.objects.all(), timezone.now()).get(pk=bot.pk)))


def labels(bot: Bot) -> list[tuple[str, str]]:
    return [(trait.colour, trait.words) for trait in traits(bot)]


def text_of(response: Any) -> str:
    return html.unescape(response.content.decode())


def names_on(response: Any) -> list[str]:
    return re.findall(r"(Shawarma House Bot|Falafel Corner Bot)<br>", text_of(response))


def test_what_twilio_said_last_is_in_words_with_its_time(page: Client, world: World) -> None:
    bot = world.a.bot
    assert labels(bot) == [("info", "never asked")]
    at = timezone.now().replace(year=2025, month=3, day=4, hour=5, minute=6)
    put(bot, health="good", health_at=at)
    assert traits(bot) == [Trait("success", "as expected", "March 4, 2025, 8:06 a.m.")]
    lines = [{"what": "callback_url", "expected": "x", "found": "y"}, {"what": "number", "expected": "1", "found": ""}]
    put(bot, health="differs", health_lines=lines)
    assert traits(bot) == [Trait("warning", "2 things differ", "March 4, 2025, 8:06 a.m. · callback_url, Number")]
    shown = text_of(page.get(LIST))
    assert "2 things differ" in shown
    assert "never asked" in shown
    on_page = text_of(page.get(f"{LIST}{bot.pk}/change/"))
    assert "callback_url is y at Twilio, x is expected." in on_page


def test_worse_things_come_first(page: Client, world: World) -> None:
    bot = world.a.bot
    put(bot, status="FAILED", error_message="The wrong pair.\nMore.", is_active=False)
    said(talk_with(bot), *["failed", "undelivered"] * 3, *["delivered"] * 10)
    assert labels(bot) == [
        ("danger", "failed"),
        ("warning", "off"),
        ("danger", "6 not delivered"),
        ("info", "never asked"),
    ]
    told = [trait.more for trait in traits(bot)]
    assert told[0] == "The wrong pair."
    assert told[2] == "of 16 messages in the last 24 hours."
    assert "Customers get one polite line; the bot takes no orders." in text_of(page.get(LIST))


def test_few_old_or_foreign_failures_are_no_alarm(page: Client, world: World) -> None:
    talk, other = talk_with(world.a.bot), talk_with(world.b.bot)
    said(talk, *["failed"] * 4)
    said(talk, *["failed"] * 9, ago=timedelta(hours=25))
    said(other, *["failed"] * 6, *["read"] * 64)
    assert labels(world.a.bot) == labels(world.b.bot) == [("info", "never asked")]


def test_demo_and_retired_senders_say_so(page: Client, world: World) -> None:
    put(world.a.bot, channel="simulator")
    put(world.b.bot, retired_at=timezone.now(), status="FAILED")
    assert labels(world.a.bot) == [("", "demo")]
    assert labels(world.b.bot) == [("", "retired")]


def test_sorted_by_health_the_worst_is_first(page: Client, world: World) -> None:
    a, b = world.a.bot, world.b.bot
    worse_and_worse: list[dict[str, Any]] = [
        {"health": "good", "status": "ACTIVE", "is_active": True},
        {"health": "unknown"},
        {"health": "differs"},
        {"is_active": False},
        {"status": "FAILED"},
    ]
    for n, fields in enumerate(worse_and_worse[1:]):
        put(a, **worse_and_worse[n])
        put(b, **fields)
        assert names_on(page.get(LIST, {"o": "4"})) == ["Falafel Corner Bot", "Shawarma House Bot"], fields
        assert names_on(page.get(LIST, {"o": "-4"})) == ["Shawarma House Bot", "Falafel Corner Bot"], fields
    put(a, health="good", status="ACTIVE", is_active=True)
    put(b, health="good", status="ACTIVE", is_active=True)
    said(talk_with(a), *["failed"] * 5)
    assert list(with_traffic(Bot.objects.all(), timezone.now()).order_by(WORST_FIRST)) == [a, b]


def test_the_list_can_be_narrowed_to_one_health(page: Client, world: World) -> None:
    put(world.a.bot, health="differs", health_at=timezone.now(), health_lines=[])
    assert names_on(page.get(LIST, {"health__exact": "differs"})) == ["Shawarma House Bot"]
    assert names_on(page.get(LIST, {"health__exact": "unknown"})) == ["Falafel Corner Bot"]


def test_the_list_asks_the_same_with_and_without_traffic(
    page: Client, world: World, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for house in (world.a, world.b):
        for n in range(5):
            said(talk_with(house.bot, n), "failed", "read")
        put(house.bot, health="differs", health_at=timezone.now(), health_lines=[])
    with django_assert_num_queries(5):
        page.get(LIST)


def test_last_messages_are_of_the_sender_alone(page: Client, world: World) -> None:
    talk = talk_with(world.a.bot)
    came = timezone.now().replace(year=2025, month=3, day=4, hour=5, minute=6)
    type(talk).objects.filter(pk=talk.pk).update(last_inbound_at=came, last_message_at=came + timedelta(hours=2))
    shown = text_of(page.get(LIST))
    assert shown.count("March 4, 2025, 8:06 a.m.") == 1
    assert shown.count("March 4, 2025, 10:06 a.m.") == 1
    assert "March 4, 2025, 8:06 a.m." in text_of(page.get(f"{LIST}{world.a.bot.pk}/change/"))
