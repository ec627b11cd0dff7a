"""The list of the inbox: who sees what, filters, search, pages and fragments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from bots.models import Bot
from conversations import threads
from conversations.models import Conversation
from conversations.spelling import fold
from conversations.threads import lines_of
from tests.inbox import make_conversation, make_inbound, make_outbound
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(world: World) -> Client:
    client = Client()
    client.force_login(world.a.agent)
    return client


def names(lines: Sequence[threads.Line]) -> list[str]:
    return [line.conversation.customer_name for line in lines]


def numbered(world: World, count: int) -> list[Conversation]:
    now = timezone.now()
    return [
        make_conversation(world.a, f"c{n:03}", f"+9665000{n:05}", at=now - timedelta(minutes=n)) for n in range(count)
    ]


def test_anonymous_is_led_to_the_sign_in(world: World) -> None:
    answer = Client().get("/inbox/?show=unread")
    assert answer.headers["Location"] == "/login/?next=/inbox/%3Fshow%3Dunread"


def test_a_stranger_is_led_home(world: World) -> None:
    client = Client()
    client.force_login(world.stranger)
    assert client.get("/inbox/").headers["Location"] == "/"


def test_a_fragment_for_somebody_signed_out_sends_the_whole_page_to_the_sign_in(world: World) -> None:
    headers = {"HX-Request": "true", "HX-Target": "rows", "HX-Current-URL": "http://testserver/inbox/?q=x"}
    answer = Client().get("/inbox/", headers=headers)
    assert answer.headers["HX-Redirect"] == "/login/?next=/inbox/%3Fq%3Dx"
    assert answer.content == b""


def test_the_list_only_reads(client: Client) -> None:
    assert client.post("/inbox/").status_code == 405


def test_one_sees_the_conversations_of_ones_own_restaurant(world: World, client: Client) -> None:
    make_inbound(make_conversation(world.a, "Sara"), "mine")
    make_inbound(make_conversation(world.b, "Omar", "+966508034011"), "theirs")
    page = client.get("/inbox/").content.decode()
    assert "Sara" in page
    assert "mine" in page
    assert "Omar" not in page
    assert "theirs" not in page


def test_a_line_says_who_what_when_and_how_many(world: World, client: Client) -> None:
    at = timezone.localtime(timezone=ZoneInfo(world.a.restaurant.timezone)).replace(hour=12, minute=5)
    hers = make_conversation(world.a, "", unread_count=3, needs_attention=True, at=at)
    make_inbound(hers, "first")
    make_outbound(hers, "second\nline")
    page = client.get("/inbox/").content.decode()
    assert "+966 50 803 4010" in page
    assert "second line" in page
    assert "first" not in page
    assert "Bot:" in page
    assert "3 unread messages" in page
    assert "Needs a person" in page
    assert ">12:05<" in page, "in the restaurant's time zone"


def test_a_hidden_number_is_said_to_be_hidden(world: World, client: Client) -> None:
    make_conversation(world.a, "", None, customer_address="SA.4566546130240823")
    page = client.get("/inbox/").content.decode()
    assert "hidden number" in page
    assert "4566546130240823" not in page


@pytest.mark.parametrize(
    ("kind", "body", "words"),
    [
        ("image", "my gate", "Photo: my gate"),
        ("audio", "", "Voice message"),
        ("location", "", "Location"),
        ("button", "Order now", "Tapped: Order now"),
        ("list", "Chicken", "Tapped: Chicken"),
        ("unknown", "", "Something that WhatsApp does not pass on"),
        ("text", "", "Message without text"),
    ],
)
def test_what_is_no_text_is_said_in_words(world: World, client: Client, kind: str, body: str, words: str) -> None:
    make_inbound(make_conversation(world.a), body, kind=kind)
    assert f">{words}<" in client.get("/inbox/").content.decode()


def test_names_and_texts_of_customers_are_only_text(world: World, client: Client) -> None:
    make_inbound(make_conversation(world.a, "<script>alert(1)</script>"), "<img src=x>")
    page = client.get("/inbox/").content.decode()
    assert "<script>alert" not in page
    assert "<img src=x>" not in page


def test_the_sender_is_named_when_there_are_several(world: World, client: Client) -> None:
    make_conversation(world.a)
    assert "Shawarma House Bot" not in client.get("/inbox/").content.decode()
    Bot.objects.create(restaurant=world.a.restaurant, name="Second", whatsapp_number="+966500000199", auth_token="x")
    assert "Shawarma House Bot" in client.get("/inbox/").content.decode()


def test_filters(world: World) -> None:
    make_conversation(world.a, "unread", "+966500000001", unread_count=1)
    make_conversation(world.a, "attention", "+966500000002", needs_attention=True, is_bot_active=False)
    make_conversation(world.a, "staff", "+966500000003", is_bot_active=False, assigned_to=world.a.agent)
    make_conversation(world.a, "bot", "+966500000004")
    found = {show: set(names(lines_of(world.a.restaurant, show=show).lines)) for show in ("all", "unread", "attention")}
    assert found == {"all": {"unread", "attention", "staff", "bot"}, "unread": {"unread"}, "attention": {"attention"}}
    assert set(names(lines_of(world.a.restaurant, show="staff").lines)) == {"attention", "staff"}


def test_an_unknown_filter_shows_all(world: World, client: Client) -> None:
    make_conversation(world.a, "Sara")
    assert "Sara" in client.get("/inbox/?show=nonsense").content.decode()


@pytest.mark.parametrize(
    "search", ["sara", "SARA", "8034010", "+966 50 803 4010", "0508034010", "٠٥٠٨٠٣٤٠١٠", "508-034"]
)
def test_search_by_name_and_number(world: World, search: str) -> None:
    make_conversation(world.a, "Sara Saleh")
    make_conversation(world.a, "Omar", "+966541112223")
    assert names(lines_of(world.a.restaurant, search=search).lines) == ["Sara Saleh"]


@pytest.mark.parametrize(
    ("name", "search"),
    [
        ("سارة العتيبي", "ساره"),
        ("ساره", "سارة"),
        ("سارة العتيبي", "العتيبى"),
        ("أحمد إبراهيم", "احمد ابراهيم"),
        ("احمد", "أحمد"),
        ("مُحَمَّد آل سعود", "محمد ال"),
        ("محمد", "مـحـمّد"),
        ("مـحـمد", "محمد"),
        ("لؤي", "لوي"),
        ("فائز", "فايز"),
        ("فارس ١٢", "فارس 12"),
        ("فارس 12", "فارس ۱۲"),
        ("کریم", "كريم"),
        ("SARA سارة", "sara ساره"),
        ("أ\u0301bc_%", "ا\u0301BC_%"),
    ],
)
def test_search_knows_the_spellings_of_a_name(world: World, name: str, search: str) -> None:
    make_conversation(world.a, name)
    make_conversation(world.a, "Omar عمر", "+966541112223")
    assert names(lines_of(world.a.restaurant, search=search).lines) == [name]


@pytest.mark.parametrize("search", ["سمره", "س_ره", "سا%", "ـ", "َُ"])
def test_another_name_is_not_found(world: World, search: str) -> None:
    """Nor by marks alone, which are no letters: they would fit every name."""
    make_conversation(world.a, "سارة")
    assert names(lines_of(world.a.restaurant, search=search).lines) == []


def test_the_database_folds_as_the_bot_does(world: World) -> None:
    """One table for both: letter by letter they agree over all of the Arabic block."""
    letters = [chr(code) for code in range(0x620, 0x6F0) if len(fold(chr(code))) == 1]
    for letter in letters:
        make_conversation(world.a, f"z{letter}z", f"+9665000{ord(letter):05}")
        assert f"z{letter}z" in names(lines_of(world.a.restaurant, search=f"z{fold(letter)}z").lines), letter


@pytest.mark.parametrize("search", ["nobody", "%", "0", "\0"])
def test_search_that_finds_nothing_says_so(world: World, client: Client, search: str) -> None:
    make_conversation(world.b, "nobody")
    answer = client.get("/inbox/", {"q": search})
    assert answer.status_code == 200
    if search.strip("\0"):
        assert "Nothing matches." in answer.content.decode()


def test_pages_follow_each_other_without_gap_or_double(world: World) -> None:
    numbered(world, 70)
    shown: list[str] = []
    page = lines_of(world.a.restaurant)
    shown += names(page.lines)
    while page.has_more:
        page = lines_of(world.a.restaurant, before=page.end)
        shown += names(page.lines)
    assert shown == [f"c{n:03}" for n in range(70)]


def test_conversations_of_the_same_moment_are_all_there(world: World) -> None:
    at = timezone.now()
    for n in range(65):
        make_conversation(world.a, f"c{n}", f"+9665000{n:05}", at=at)
    first = lines_of(world.a.restaurant)
    second = lines_of(world.a.restaurant, before=first.end)
    third = lines_of(world.a.restaurant, before=second.end)
    assert len({*names(first.lines), *names(second.lines), *names(third.lines)}) == 65


def test_a_refresh_keeps_what_was_loaded_and_adds_what_is_new(world: World) -> None:
    rows = numbered(world, 70)
    second = lines_of(world.a.restaurant, before=lines_of(world.a.restaurant).end)
    Conversation.objects.filter(pk=rows[69].pk).update(last_message_at=timezone.now())
    again = lines_of(world.a.restaurant, until=second.end)
    assert names(again.lines) == ["c069", *[f"c{n:03}" for n in range(60)]]
    assert again.has_more


@pytest.mark.parametrize("place", ["x", "2026-01-01T00:00:00~x", "2026-01-01T00:00:00~" + "0" * 32, "~"])
def test_a_place_that_no_page_gave_out_is_404(client: Client, place: str) -> None:
    assert client.get("/inbox/", {"before": place}).status_code == 404


def test_htmx_gets_the_fragment_it_asks_for(world: World, client: Client) -> None:
    make_conversation(world.a)
    whole = client.get("/inbox/").content.decode()
    rows = client.get("/inbox/", headers={"HX-Request": "true", "HX-Target": "rows"}).content.decode()
    lines = client.get("/inbox/", headers={"HX-Request": "true", "HX-Target": "more"}).content.decode()
    assert whole.lstrip().startswith("<!doctype html>")
    assert rows.lstrip().startswith('<ul id="rows"')
    assert lines.lstrip().startswith('<li id="c-')


def test_the_number_of_queries_does_not_grow(
    world: World, client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for conversation in numbered(world, 3):
        make_inbound(conversation)
    client.get("/inbox/")
    # session, person, restaurants, conversations, last messages, unread, senders
    with django_assert_num_queries(7):
        client.get("/inbox/")
    for conversation in Conversation.objects.all():
        make_outbound(conversation, author="staff", author_user=world.a.agent)
    for n in range(40):
        make_inbound(make_conversation(world.a, f"d{n}", f"+9665001{n:05}", assigned_to=world.a.agent))
    with django_assert_num_queries(7):
        client.get("/inbox/")
