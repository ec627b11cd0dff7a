"""What the phone shows: one customer's conversation with one demo sender, and only what is newer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.http import Http404
from django.test import Client
from django.utils import timezone, translation
from pytest_django import DjangoAssertNumQueries, Settings

from bots.models import Bot
from conversations.content import AskLocation, Buttons, Listing, Media, Text
from conversations.models import Conversation, Message
from conversations.simulator import screen
from conversations.simulator.access import demo_sender_at, demo_sender_for, talk_between, unused_number
from conversations.simulator.said import Attachment, Words, customer_of
from conversations.writing import formatted
from tests.phone import (
    AHMAD,
    BURGER,
    CHICKEN,
    CONFIRM,
    KEY,
    NAMED,
    Door,
    address_of,
    answered,
    heard,
    standing_door,
    talk_of,
)
from tests.world import TOKEN_A, World


@pytest.fixture
def door() -> Iterator[type[Door]]:
    with standing_door() as door:
        yield door


# --- whom the phone can reach and see ---------------------------------------------------------------------------------


def test_only_demo_senders_can_be_reached(world: World) -> None:
    Bot.objects.filter(pk=world.b.bot.pk).update(channel=Bot.Channel.TWILIO)
    assert demo_sender_for(world.a.bot.code) == world.a.bot
    with pytest.raises(Http404):
        demo_sender_for(world.b.bot.code)
    assert demo_sender_at("0500000101") == world.a.bot
    assert demo_sender_at(world.b.bot.whatsapp_number) is None
    assert demo_sender_at("nobody") is None
    Bot.objects.filter(pk=world.a.bot.pk).update(retired_at=timezone.now())
    with pytest.raises(Http404):
        demo_sender_for(world.a.bot.code)


@pytest.mark.parametrize("door_name", ["", "news"])
def test_a_real_sender_is_neither_offered_nor_shown(client: Client, world: World, door_name: str) -> None:
    heard(talk_of(world.b.bot), Words("private words"))
    Bot.objects.filter(pk=world.b.bot.pk).update(channel=Bot.Channel.TWILIO)
    asked = client.get(f"/simulator/{door_name}", {"sender": str(world.b.bot.code), "as": AHMAD.address})
    assert asked.status_code == 404
    page = client.get("/simulator/", address_of(world)).content.decode()
    assert str(world.a.bot.code) in page
    assert str(world.b.bot.code) not in page


def test_a_real_sender_cannot_be_written_to(client: Client, world: World, door: type[Door]) -> None:
    Bot.objects.filter(pk=world.b.bot.pk).update(channel=Bot.Channel.TWILIO)
    line = {"sender": str(world.b.bot.code), "as": AHMAD.address, "key": KEY, "kind": "text", "text": "hi"}
    assert client.post("/simulator/say", line).status_code == 404
    assert door.posts == []


@pytest.mark.parametrize("path", ["/simulator/", "/simulator/news", "/simulator/say"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_it_is_not_there_in_production(
    client: Client, world: World, settings: Settings, door: type[Door], path: str, method: str
) -> None:
    settings.SIMULATOR = False
    line = address_of(world, key=KEY, kind="text", text="hi")
    assert getattr(client, method)(path, line).status_code == 404
    assert door.posts == []


@pytest.mark.parametrize(("path", "method"), [("", "post"), ("news", "post"), ("say", "get"), ("say", "put")])
def test_the_wrong_method(client: Client, world: World, path: str, method: str) -> None:
    assert getattr(client, method)(f"/simulator/{path}").status_code == 405


def test_saying_needs_the_pages_own_token(world: World, door: type[Door]) -> None:
    line = address_of(world, key=KEY, kind="text", text="hi")
    assert Client(enforce_csrf_checks=True).post("/simulator/say", line).status_code == 403
    assert door.posts == []


def test_the_phone_shows_this_customers_conversation_with_this_sender_only(client: Client, world: World) -> None:
    heard(talk_of(world.a.bot), Words("mine"))
    heard(talk_of(world.a.bot, "+966550000999"), Words("strange words"))
    heard(talk_of(world.b.bot), Words("strange to this sender"))
    for answer in (client.get("/simulator/", address_of(world)), client.get("/simulator/news", address_of(world))):
        html = answer.content.decode()
        assert "mine" in html
        assert "strange" not in html


def test_a_known_customer_whose_number_became_hidden_keeps_the_conversation(world: World) -> None:
    talk = talk_of(world.a.bot)
    Conversation.objects.filter(pk=talk.pk).update(customer_address="SA.77", external_user_id="SA.77")
    assert talk_between(world.a.bot, customer_of("SA.77")) == talk
    assert talk_between(world.a.bot, AHMAD) == talk


def test_a_new_customer_has_a_number_that_nobody_has(world: World) -> None:
    number = unused_number()
    assert customer_of(number).address == number
    assert talk_between(world.a.bot, customer_of(number)) is None


# --- the page ---------------------------------------------------------------------------------------------------------


def test_the_page_fills_in_what_is_missing_and_remembers(client: Client, world: World) -> None:
    first = client.get("/simulator/", follow=True)
    assert first.status_code == 200
    assert str(world.a.bot.code) in first.redirect_chain[0][0]
    client.get("/simulator/", {"sender": str(world.b.bot.code), "as": "0550000201", "name": "Ahmad"})
    again = client.get("/simulator/", follow=True).redirect_chain[0][0]
    assert str(world.b.bot.code) in again
    assert "%2B966550000201" in again
    assert "Ahmad" in again
    fresh = client.get("/simulator/", {"sender": str(world.b.bot.code), "new": "1"}, follow=True).redirect_chain[0][0]
    assert str(world.b.bot.code) in fresh
    assert "966550000201" not in fresh
    assert "Ahmad" not in fresh


def test_a_remembered_sender_that_is_gone_is_replaced(client: Client, world: World) -> None:
    client.get("/simulator/", {"sender": str(world.b.bot.code), "as": AHMAD.address})
    Bot.objects.filter(pk=world.b.bot.pk).update(retired_at=timezone.now())
    assert str(world.a.bot.code) in client.get("/simulator/", follow=True).redirect_chain[0][0]


def test_without_a_demo_sender_the_page_says_so(client: Client, world: World) -> None:
    Bot.objects.update(channel=Bot.Channel.TWILIO)
    answer = client.get("/simulator/")
    assert answer.status_code == 200
    assert "Nobody to write to yet" in answer.content.decode()


def test_a_wrong_number_is_said_in_words_and_stays_in_its_field(client: Client, world: World) -> None:
    answer = client.get("/simulator/", address_of(world, '12"<b>'))
    assert answer.status_code == 400
    assert "This is no phone number" in answer.content.decode()
    assert 'value="12&quot;&lt;b&gt;"' in answer.content.decode()


@pytest.mark.parametrize("sender", ["", "nobody", "\x00", "0" * 99])
def test_an_unknown_sender(client: Client, world: World, sender: str) -> None:
    assert client.get("/simulator/news", {"sender": sender, "as": AHMAD.address}).status_code == 404


def test_the_page_is_arabic_from_right_to_left(client: Client, world: World) -> None:
    html = client.get("/simulator/", address_of(world), headers={"Accept-Language": "ar"}).content.decode()
    assert '<html lang="ar" dir="rtl">' in html
    assert "ركن الفلافل" in html
    assert "<script>" not in html


def test_no_secret_is_on_the_page(client: Client, world: World) -> None:
    html = client.get("/simulator/", address_of(world)).content.decode()
    assert TOKEN_A not in html
    assert world.a.bot.account_sid not in html


def test_every_kind_of_bubble(client: Client, world: World) -> None:
    talk = talk_of(world.a.bot)
    heard(talk, Words("<script>alert(1)</script> *bold*"), handled=True)
    heard(talk, NAMED)
    heard(talk, Attachment("image", "a caption"))
    heard(talk, Attachment("voice"))
    answered(talk, Text("see https://example.com/?a=1&b=2"))
    answered(talk, Buttons("which?", (CONFIRM,)))
    answered(talk, Listing("choose", "menu", (CHICKEN, BURGER)))
    answered(talk, AskLocation("where?"))
    answered(talk, Media("https://example.com/menu.jpg", "image/jpeg", "the menu"))
    answered(talk, Media("https://example.com/menu.pdf", "application/pdf"))
    answered(talk, Text("a person's words"), author="staff")
    html = client.get("/simulator/", address_of(world)).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt; <strong>bold</strong>" in html
    assert "مطعم البيت" in html
    assert '<a href="https://example.com/?a=1&amp;b=2"' in html
    assert 'data-choice="order:confirm:7f3a"' in html
    assert html.count('data-choice="item:') == 2
    assert 'data-opens="places"' in html
    assert '<img class="photo" src="https://example.com/menu.jpg"' in html
    assert 'href="https://example.com/menu.pdf"' in html
    assert html.count("A person answers") == 1
    assert html.count('<li id="b-') == 11


def test_a_row_without_readable_content_is_shown_as_its_text(world: World) -> None:
    talk = talk_of(world.a.bot)
    message = answered(talk, Text("still here"))
    Message.objects.filter(pk=message.pk).update(content={"kind": "hologram"})
    assert [(b.kind, str(b.text)) for b in screen.bubbles([message.pk])] == [("text", "still here")]


# --- what is new ------------------------------------------------------------------------------------------------------


def test_only_what_is_newer_comes(client: Client, world: World) -> None:
    talk = talk_of(world.a.bot)
    first = heard(talk, Words("first"), key=KEY)
    start = client.get("/simulator/news", address_of(world)).json()
    assert "first" in start["html"]
    assert start["marks"] == {KEY: ["stored", "stored"]}
    assert start["typing"] is True
    quiet = client.get("/simulator/news", address_of(world, since=start["since"]))
    assert (quiet.status_code, quiet.content) == (204, b"")
    Message.objects.filter(pk=first.pk).update(handled_at=timezone.now())
    second = answered(talk, Text("second"))
    news = client.get("/simulator/news", address_of(world, since=start["since"])).json()
    assert "first" not in news["html"]
    assert "second" in news["html"]
    assert news["marks"] == {KEY: ["handled", "answered"], second.code.hex: ["accepted", "on its way"]}
    assert news["typing"] is False


def test_a_status_alone_is_news(client: Client, world: World) -> None:
    message = answered(talk_of(world.a.bot), Text("hello"))
    since = client.get("/simulator/news", address_of(world)).json()["since"]
    Message.objects.filter(pk=message.pk).update(status="read")
    news = client.get("/simulator/news", address_of(world, since=since)).json()
    assert news["html"].strip() == ""
    assert news["marks"][message.code.hex] == ["read", "read"]


@pytest.mark.parametrize("since", ["", "-", "nonsense", f"{KEY}-0", "\x00"])
def test_a_token_of_another_screen_brings_everything(client: Client, world: World, since: str) -> None:
    heard(talk_of(world.a.bot), Words("hello"))
    assert "hello" in client.get("/simulator/news", address_of(world, since=since)).json()["html"]


def test_the_screen_holds_the_newest_messages_in_order(world: World) -> None:
    talk = talk_of(world.a.bot)
    for number in range(screen.SHOWN + 5):
        answered(talk, Text(str(number)))
    glance = screen.glance(talk)
    assert [str(bubble.text) for bubble in screen.bubbles(glance.pks)] == [str(n) for n in range(5, screen.SHOWN + 5)]


def test_polling_is_cheap(client: Client, world: World, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    talk = talk_of(world.a.bot)
    for number in range(20):
        answered(talk, Text(str(number)))
    since = client.get("/simulator/news", address_of(world)).json()["since"]
    with django_assert_num_queries(3):  # sender, conversation, marks
        client.get("/simulator/news", address_of(world, since=since))
    answered(talk, Text("new"))
    with django_assert_num_queries(4):  # and the new messages
        client.get("/simulator/news", address_of(world, since=since))


# --- writing ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("*ب*، _c_ ~d~ ```e```", "<strong>ب</strong>، <em>c</em> <s>d</s> <code>e</code>"),
        ("2*3*4 a_b_c", "2*3*4 a_b_c"),
        ("* not bold *", "* not bold *"),
        ('<a href="x">&', "&lt;a href=&quot;x&quot;&gt;&amp;"),
        ("a\r\nb\x00\x1b", "a\nb��"),
        ("javascript:alert(1)", "javascript:alert(1)"),
        (
            'https://e.com/a_b_c?x="y',
            '<a href="https://e.com/a_b_c?x=" target="_blank" rel="noopener noreferrer">https://e.com/a_b_c?x=</a>'
            "&quot;y",
        ),
    ],
)
def test_whatsapps_way_of_writing(text: str, html: str) -> None:
    assert formatted(text) == html


def test_marks_are_in_the_readers_language(world: World) -> None:
    heard(talk_of(world.a.bot), Words("hi"))
    with translation.override("ar"):
        label = screen.glance(talk_between(world.a.bot, AHMAD)).marks[0].label
    assert label != "stored"
