"""The operators' start page: what is wrong, what waits and who works, each with a way to it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from bots.hooks.models import HookEndpoint
from bots.models import Bot
from conversations.models import Conversation
from orders.models import Branch, Item
from sufrah import overview
from tests.api_calls import furnished
from tests.bots.test_admin_people import text_of
from tests.inbox import make_conversation, make_inbound, make_outbound
from tests.world import World, make_house

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(world: World, client: Client) -> Client:
    client.force_login(world.operator)
    return client


def facts(page: Client) -> dict[str, Any]:
    parts = page.get("/admin/").context["parts"]
    return {str(fact.words): fact for _title, found in parts for fact in found}


def test_a_house_in_order_has_nothing_to_look_at_but_its_workers(page: Client, world: World) -> None:
    found = facts(page)
    assert [words for words, fact in found.items() if fact.is_bad] == ["workers are alive"]
    assert found["workers are alive"].more.startswith("Nothing is answered until")
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now())")
    assert facts(page)["worker is alive"].is_bad is False


def test_what_is_wrong_is_counted_and_leads_to_its_rows(page: Client, world: World) -> None:
    Bot.objects.filter(pk=world.a.bot.pk).update(status="FAILED")
    Bot.objects.filter(pk=world.b.bot.pk).update(channel="twilio")
    Item.objects.filter(restaurant=world.b.restaurant).update(is_available=False)
    talk = make_conversation(world.a)
    make_outbound(talk, status="failed")
    make_outbound(talk, status="undelivered", at=timezone.now() - timedelta(hours=25))
    hook = furnished(world.a).hook
    HookEndpoint.objects.filter(pk=hook.pk).update(is_active=False, off_reason=HookEndpoint.Off.FAILING)
    found = facts(page)
    for words in (
        "senders that failed their verification",
        "senders that were never verified",
        "restaurants from which customers cannot order",
        "messages that did not arrive in the last 24 hours",
        "webhooks that were switched off because they failed",
    ):
        fact = found[words]
        assert (fact.figure, fact.is_bad) == ("1", True), words
        assert page.get(fact.url).status_code == 200
    assert found["restaurants from which customers cannot order"].more == "Falafel Corner"
    assert "Shawarma House Bot" in text_of(page.get(found["senders that failed their verification"].url))
    assert "Falafel Corner Bot" in text_of(page.get(found["senders that were never verified"].url))


def test_what_waits_says_for_how_long(page: Client, world: World) -> None:
    talk = make_conversation(world.a, needs_attention=True)
    message = make_inbound(talk)
    type(message).objects.filter(pk=message.pk).update(received_at=timezone.now() - timedelta(minutes=5, seconds=10))
    found = facts(page)
    unanswered = found["since the oldest message that nobody has answered"]
    assert (unanswered.figure, unanswered.is_bad) == ("5 min", True)
    assert found["since the oldest reply that was not sent yet"].figure == "–"
    assert found["conversations that need a person"].figure == "1"
    assert page.get(found["conversations that need a person"].url).status_code == 200


def test_nobody_counts_beyond_the_bound(page: Client, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overview, "COUNTED", 2)
    talk = make_conversation(world.a)
    for _ in range(4):
        make_outbound(talk, status="failed")
    assert facts(page)["messages that did not arrive in the last 24 hours"].figure == "over 2"


def test_it_asks_the_same_however_much_there_is(
    page: Client, world: World, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for n in range(3):
        house = make_house(f"House {n}", "", f"+9665000007{n:02}", "AC", "", "t", f"x{n}")
        Branch.objects.filter(restaurant=house.restaurant).delete()
        make_inbound(make_conversation(house, phone=f"+96650803401{n}"))
    page.get("/admin/")
    with django_assert_num_queries(QUERIES):
        page.get("/admin/")
    Conversation.objects.update(needs_attention=True)
    with django_assert_num_queries(QUERIES):
        page.get("/admin/")


QUERIES = 12


def test_whoever_may_not_see_rows_reads_nothing_of_them(world: World, client: Client) -> None:
    helper = User.objects.create_user("helper", is_staff=True)
    helper.user_permissions.add(Permission.objects.get(codename="view_bot"))
    client.force_login(helper)
    words = set(facts(client))
    assert words == {
        "senders that failed their verification",
        "senders that were never verified",
        "senders that are on",
    }


@pytest.mark.parametrize(("language", "title"), [("en", "What is wrong"), ("ar", "ما الخلل")])
def test_it_speaks_both_languages_without_script_or_style_of_its_own(
    page: Client, world: World, language: str, title: str
) -> None:
    said = page.get("/admin/", headers={"accept-language": language}).content.decode()
    inner = said[said.index('<div class="overview">') :]
    assert title in inner
    assert not re.search(r"style=|<script|onclick", inner[: inner.index("</main>")] if "</main>" in inner else "")
    assert "/admin/orders/item/" in said, "the models stay in the sidebar"
