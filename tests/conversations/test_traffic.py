"""The panel above a sender's form: what went through it, and how close it is to its limits."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation
from pytest_django import DjangoAssertNumQueries

from bots.models import AuditEvent, Bot
from bots.registration import change, retire
from conversations import traffic
from conversations.traffic import Quota, Total, last_failures, traffic_of
from tests.traffic import said, talk_with
from tests.world import World

HOURS_25 = timedelta(hours=25)


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def page(world: World, client: Client) -> Client:
    client.force_login(world.operator)
    return client


def of(bot: Bot) -> str:
    return f"/admin/bots/bot/{bot.pk}/change/"


def text_of(response: Any) -> str:
    return re.sub(r"\s+", " ", html.unescape(response.content.decode()))


def panel(response: Any) -> str:
    """What is said above the form, without its tags."""
    inner = text_of(response).split('class="sender-traffic', 1)[1].split("<form", 1)[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", inner))


def test_nothing_is_an_honest_nothing(world: World) -> None:
    found = traffic_of(world.a.bot, timezone.now())
    assert (found.conversations, found.active, found.failures) == (Total(0, 0), 0, ())
    assert found.inbound == found.outbound == found.failed == Total(0, 0)
    assert (found.in_minute, found.in_day) == (Quota(0, 60), Quota(0, 1000))
    assert last_failures(world.a.bot, 5) == []


def test_what_went_through_is_counted_by_time_and_direction(world: World) -> None:
    said(talk_with(world.a.bot), "received", "read", "sent")
    said(talk_with(world.a.bot, 1), "received", "read", ago=timedelta(hours=1))
    said(talk_with(world.a.bot, 2, "closed", HOURS_25), "received", "received", "read", "failed", ago=HOURS_25)
    said(talk_with(world.b.bot), "received", "read", "failed")
    found = traffic_of(world.a.bot, timezone.now())
    assert (found.conversations, found.active) == (Total(2, 3), 2)
    assert (found.inbound, found.outbound) == (Total(2, 4), Total(3, 5))
    assert (found.in_minute.sent, found.in_day.sent) == (2, 3)
    assert found.failed == Total(0, 1)


def test_failures_are_grouped_by_their_reason(world: World) -> None:
    talk = talk_with(world.a.bot)
    said(talk, "failed", "undelivered", code="63016")
    said(talk, "failed", ago=HOURS_25, code="63016")
    said(talk, "failed", code="")
    said(talk, "undelivered", ago=timedelta(hours=2), code="retired")
    found = traffic_of(world.a.bot, timezone.now()).failures
    assert [(one.code, one.total) for one in found] == [
        ("63016", Total(2, 3)),
        ("", Total(1, 1)),
        ("retired", Total(1, 1)),
    ]
    words = [str(one.words) for one in found]
    assert words[0].startswith("More than 24 hours since the customer last wrote.")
    assert words[1:] == ["No reason was given.", "The sender was retired before this message went out."]
    assert timezone.now() - found[0].last_at < timedelta(minutes=1)


def test_nobody_counts_for_ever(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    said(talk_with(world.a.bot), *["read"] * 3, *["received"] * 2, *["failed"] * 2, ago=HOURS_25)
    monkeypatch.setattr(traffic, "COUNTED", 2)
    monkeypatch.setattr(traffic, "FAILURES_READ", 2)
    found = traffic_of(world.a.bot, timezone.now())
    assert (found.outbound, found.inbound) == (Total(0, 2, is_more=True), Total(0, 2))
    assert found.failed == Total(0, 2, is_more=True)


@pytest.mark.parametrize(
    ("sent", "limit", "per_cent", "closeness"),
    [
        (0, 60, 0, "calm"),
        (47, 60, 78, "calm"),
        (48, 60, 80, "warning"),
        (59, 60, 98, "warning"),
        (999, 1000, 99, "warning"),
        (60, 60, 100, "danger"),
        (90, 60, 150, "danger"),
        (0, 0, 100, "danger"),
    ],
)
def test_how_close_a_limit_is(sent: int, limit: int, per_cent: int, closeness: str) -> None:
    quota = Quota(sent, limit)
    assert (quota.per_cent, quota.closeness) == (per_cent, closeness)


@pytest.mark.parametrize(
    ("limit", "says"),
    [(60, "4 of 60 (6 %) · well below the limit"), (5, "4 of 5 (80 %) · close"), (3, "4 of 3 (133 %) · limit reached")],
)
def test_the_page_says_in_words_how_close(page: Client, world: World, limit: int, says: str) -> None:
    said(talk_with(world.a.bot), *["sent"] * 4)
    Bot.objects.update(max_messages_per_min=limit)
    response = page.get(of(world.a.bot))
    assert says in panel(response)
    assert f'max="100" value="{min(100, 400 // limit)}"' in text_of(response)


def test_the_page_tells_what_went_through(page: Client, world: World) -> None:
    said(talk_with(world.a.bot), *["received"] * 2, "read", "failed")
    told = panel(page.get(of(world.a.bot)))
    assert "Conversations 1 1 (active: 1)" in told
    assert "Messages in 2 2" in told
    assert "Messages out 2 2" in told
    assert "Not delivered 1 1" in told
    assert "1× More than 24 hours since the customer last wrote." in told
    assert "(63016)" in told
    assert "in the last 24 hours: 1" in told
    assert "Words that nobody but the restaurant reads" not in told
    assert "Conversations 0 0 (active: 0)" in panel(page.get(of(world.b.bot)))


def test_a_limit_of_counting_is_said(page: Client, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traffic, "COUNTED", 1)
    said(talk_with(world.a.bot), "received", "received")
    assert "Messages in 2 over 1" in panel(page.get(of(world.a.bot)))


def test_the_last_events_say_who_and_lead_to_their_rows(page: Client, world: World) -> None:
    change(world.a.bot, by=world.operator, name="Renamed", max_messages_per_min=5)
    change(world.b.bot, by=None, is_active=False)
    (failed,) = said(talk_with(world.a.bot), "undelivered", ago=timedelta(hours=1))
    response = page.get(of(world.a.bot))
    event = AuditEvent.objects.get(bot=world.a.bot)
    told, markup = panel(response), text_of(response)
    assert "Changed: name, hold messages back at these limits, messages a minute, at most" in told
    assert "· operator" in told
    assert "Message not delivered: More than 24 hours" in told
    assert told.index("Changed: name") < told.index("Message not delivered")
    for link in (f"/admin/bots/auditevent/{event.pk}/change/", f"/admin/conversations/message/{failed.pk}/change/"):
        assert f'href="{link}"' in markup
        assert page.get(link).status_code == 200
    assert "a command or the API" in panel(page.get(of(world.b.bot)))


def test_failures_leave_room_for_what_people_did(page: Client, world: World) -> None:
    for n in range(12):
        change(world.a.bot, by=None, name=f"Name {n}")
    said(talk_with(world.a.bot), *["failed"] * 12)
    told = panel(page.get(of(world.a.bot)))
    assert (told.count("Message failed"), told.count("Changed: name")) == (5, 5)


def test_the_links_lead_to_the_rows_of_this_sender_alone(page: Client, world: World) -> None:
    for house in (world.a, world.b):
        talk_with(house.bot)
        change(house.bot, by=None, name=f"{house.bot.name} renamed")
    markup = text_of(page.get(of(world.a.bot)))
    for door in ("bots/auditevent", "conversations/conversation"):
        link = f"/admin/{door}/?sender={world.a.bot.pk}"
        assert f'href="{link}"' in markup
        listed = page.get(link)
        assert [row.bot for row in listed.context["cl"].queryset] == [world.a.bot]
        assert "Shawarma House Bot renamed" in text_of(listed), "the filter says whose rows these are"
        for strange in ("x", "999999", "٣", "9" * 30, ""):
            assert page.get(f"/admin/{door}/", {"sender": strange}).status_code == 200


def test_a_retired_sender_keeps_its_panel(page: Client, world: World) -> None:
    said(talk_with(world.a.bot), "received")
    retire(world.a.bot, by=world.operator)
    told = panel(page.get(of(world.a.bot)))
    assert "Messages in 1 1" in told
    assert "Retired" in told


def test_the_page_asks_the_same_however_much_went_through(
    page: Client, world: World, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with CaptureQueriesContext(connection) as empty:
        page.get(of(world.a.bot))
    for n in range(5):
        said(talk_with(world.a.bot, n), *["failed", "read", "received"] * 3, code=f"6300{n}")
        change(world.a.bot, by=world.operator, name=f"Name {n}")
    with django_assert_num_queries(len(empty)):
        page.get(of(world.a.bot))
    with django_assert_num_queries(5):
        traffic_of(world.a.bot, timezone.now())


def test_the_page_that_adds_asks_nothing_of_traffic(page: Client, world: World) -> None:
    with CaptureQueriesContext(connection) as asked:
        response = page.get("/admin/bots/bot/add/")
    assert "sender-traffic" not in text_of(response)
    assert not [query for query in asked if "conversations_message" in query["sql"]]


def test_who_may_only_see_senders_sees_figures_and_no_rows(client: Client, world: World) -> None:
    reader = User.objects.create_user("reader", is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_bot"))
    client.force_login(reader)
    change(world.a.bot, by=None, name="Renamed")
    said(talk_with(world.a.bot), "failed")
    told = panel(client.get(of(world.a.bot)))
    assert "Not delivered 1 1" in told
    assert "Changed" not in told
    assert "Message failed" not in told
    assert "Its" not in told
