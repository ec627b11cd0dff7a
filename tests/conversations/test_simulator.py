"""The phone: it posts what Twilio would post, and shows one customer's conversation with one demo sender."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from django.http import Http404
from django.test import Client
from django.utils import timezone, translation
from pytest_django import DjangoAssertNumQueries, Settings
from twilio.request_validator import RequestValidator

from bots.models import Bot
from bots.numbers import InvalidNumber
from conversations.content import AskLocation, Buttons, Choice, Content, Listing, Media, Text, to_json
from conversations.content import body_of as body_of_content
from conversations.content import kind_of as kind_of_content
from conversations.models import Conversation, Message
from conversations.simulator import posting, said, screen
from conversations.simulator.access import demo_sender_at, demo_sender_for, talk_between, unused_number
from conversations.simulator.said import Attachment, Customer, Place, Said, Tap, Unsayable, Words, customer_of
from conversations.simulator.writing import formatted
from tests.world import TOKEN_A, World, fresh_sid

FIXTURES = Path(__file__).parents[1] / "twilio" / "fixtures"
AHMAD = Customer("+966550000201", "أحمد السبيعي")
KEY = "0123456789abcdef0123456789abcdef"


class Door(BaseHTTPRequestHandler):
    """Stands where the webhook stands and notes what is posted; answers the statuses that a test prepared."""

    posts: list[tuple[str, str, list[tuple[str, str]]]]
    answers: list[int]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = parse_qsl(body, keep_blank_values=True, strict_parsing=True)
        self.posts.append((self.path, self.headers["X-Twilio-Signature"], form))
        self.send_response(self.answers.pop(0) if self.answers else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def door(settings: Settings) -> Iterator[type[Door]]:
    kind = type("FreshDoor", (Door,), {"posts": [], "answers": []})
    server = HTTPServer(("127.0.0.1", 0), kind)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.PORT = server.server_port
    settings.PUBLIC_BASE_URL = "https://orders.example.com"
    yield kind
    server.shutdown()
    server.server_close()


@pytest.fixture
def bot(world: World) -> Bot:
    """Sender A as the database has it, its token sealed."""
    return Bot.objects.get(pk=world.a.bot.pk)


def fixture(name: str) -> dict[str, str]:
    form: dict[str, str] = json.loads((FIXTURES / f"{name}.json").read_text())
    return form


def talk_of(bot: Bot, address: str = AHMAD.address) -> Conversation:
    phone = address if address.startswith("+") else None
    return Conversation.objects.create(
        restaurant=bot.restaurant,
        bot=bot,
        customer_address=address,
        external_user_id=None if phone else address,
        customer_phone=phone,
        last_message_at=timezone.now(),
    )


def heard(talk: Conversation, what: Said, *, handled: bool = False, key: str = "") -> Message:
    sid = posting.sid_of(what, key or posting.new_key())
    form = posting.form_of(talk.bot, Customer(talk.customer_address), what, sid)
    return Message.objects.create(
        restaurant=talk.restaurant,
        bot=talk.bot,
        conversation=talk,
        direction="IN",
        author="customer",
        kind="text",
        body=form["Body"],
        payload=form,
        provider_sid=sid,
        status="received",
        received_at=timezone.now(),
        handled_at=timezone.now() if handled else None,
    )


def answered(talk: Conversation, content: Content, status: str = "accepted", author: str = "bot") -> Message:
    return Message.objects.create(
        restaurant=talk.restaurant,
        bot=talk.bot,
        conversation=talk,
        direction="OUT",
        author=author,
        kind=kind_of_content(content),
        body=body_of_content(content),
        content=to_json(content),
        provider_sid=fresh_sid("MM") if status not in ("queued", "sending") else None,
        status=status,
    )


def address_of(world: World, number: str = AHMAD.address, **more: str) -> dict[str, str]:
    return {"sender": str(world.a.bot.code), "as": number, **more}


# --- what is posted ---------------------------------------------------------------------------------------------------

PLACE = said.place("24.713551998138", "46.675296783447")
NAMED = said.place("24.774265", "46.738586", "مطعم البيت", "طريق الملك عبدالله، حي المغرزات، الرياض 12483")
CONFIRM = Choice("order:confirm:7f3a", "تأكيد الطلب")
CHICKEN = Choice("item:184", "شاورما دجاج")
BURGER = Choice("item:222", "برجر لحم", "دبل جبن، ٢٨ ر.س")


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("in_01_text_arabic", Words("السلام عليكم، أبغى أطلب وجبة شاورما عربي مع بطاطس لو سمحت")),
        ("in_20_location_pin", PLACE),
        ("in_21_location_named_place", NAMED),
        ("in_40_button_quick_reply", Tap(CONFIRM, "MM63125cec0b52645ece2a98866eed2e47", "buttons")),
        ("in_43_list_reply", Tap(CHICKEN, "MMe71b4f3e199fe7ab9a32d031eff42733", "list")),
        ("in_44_list_reply_description", Tap(BURGER, "MMe71b4f3e199fe7ab9a32d031eff42733", "list")),
        ("in_30_image_caption", Attachment("image", "هذا إيصال التحويل")),
        ("in_31_image_no_caption", Attachment("image")),
        ("in_32_voice_note", Attachment("voice")),
    ],
)
def test_the_form_is_the_one_that_twilio_posts(world: World, name: str, what: Said) -> None:
    captured = fixture(name)
    sid = posting.sid_of(what, captured["MessageSid"][2:])
    made = posting.form_of(world.a.bot, AHMAD, what, sid)
    for form in (made, captured):  # Twilio's media ids cannot be foreseen, only their place
        if "MediaUrl0" in form:
            form["MediaUrl0"] = form["MediaUrl0"].rpartition("/ME")[0]
    assert made == captured


def test_a_missing_name_is_left_out(world: World) -> None:
    captured = fixture("in_64_profile_name_missing")
    made = posting.form_of(world.a.bot, Customer(AHMAD.address), Words("hi"), captured["MessageSid"])
    assert made == captured


def test_a_hidden_number_comes_as_an_external_id_alone(world: World) -> None:
    made = posting.form_of(world.a.bot, customer_of("SA.4566546130240823"), Words("hi"), "SM" + KEY)
    assert made["From"] == made["ExternalUserId"] == "whatsapp:SA.4566546130240823"
    assert "WaId" not in made
    assert "WaId" not in made["ChannelMetadata"]


def test_a_subaccount_speaks_for_itself(world: World) -> None:
    world.a.bot.subaccount_sid = "AC" + "9" * 32
    made = posting.form_of(world.a.bot, AHMAD, Attachment("image"), "MM" + KEY)
    assert made["AccountSid"] == world.a.bot.subaccount_sid
    assert f"/{world.a.bot.subaccount_sid}/" in made["MediaUrl0"]


@pytest.mark.parametrize(
    "text", ["مرحبا", "a\r\nb\tc ", "👨‍👩‍👧‍👦🇸🇦", "nul\x00bell\x07", "\u200f\u202bعربي\u202c", "&=+%20", "م" * 4096]
)
def test_what_is_posted_is_signed_with_the_senders_own_token(bot: Bot, door: type[Door], text: str) -> None:
    form = posting.form_of(bot, AHMAD, Words(text), "SM" + KEY)
    posting.post(bot, form)
    path, signature, received = door.posts[0]
    assert path == "/whatsapp/webhook"
    assert dict(received) == form
    address = "https://orders.example.com/whatsapp/webhook"
    assert RequestValidator(TOKEN_A).validate(address, dict(received), signature)
    assert not RequestValidator("another").validate(address, dict(received), signature)


def test_no_answer_is_not_delivered(bot: Bot, settings: Settings) -> None:
    settings.PORT = 9  # discard: nobody listens there
    with pytest.raises(posting.NotDelivered) as caught:
        posting.post(bot, {"Body": "hi"})
    assert caught.value.status is None


@pytest.mark.parametrize("status", [403, 404, 500, 302, 204])
def test_another_answer_is_not_delivered(bot: Bot, door: type[Door], status: int) -> None:
    door.answers.append(status)
    with pytest.raises(posting.NotDelivered) as caught:
        posting.post(bot, {"Body": "hi"})
    assert caught.value.status == status
    assert len(door.posts) == 1


@pytest.mark.parametrize("what", [Words("a\nb"), PLACE, NAMED, Attachment("image", "x"), Attachment("voice")])
def test_what_was_said_is_read_back_from_the_form(world: World, what: Said) -> None:
    assert posting.said_of(posting.form_of(world.a.bot, AHMAD, what, "SM" + KEY)) == what


@pytest.mark.parametrize(
    "payload", [{}, {"Latitude": "north", "Longitude": "2", "Body": "b"}, {"Latitude": ["1", "2"]}]
)
def test_a_strange_payload_is_shown_as_its_words(payload: dict[str, object]) -> None:
    assert posting.said_of(payload) == Words(str(payload.get("Body", "")))


# --- who writes, and what can be said ---------------------------------------------------------------------------------


@pytest.mark.parametrize("spelling", ["0550000201", "+966 55 000 0201", "00966550000201", "٠٥٥٠٠٠٠٢٠١", AHMAD.address])
def test_a_number_is_known_in_any_spelling(spelling: str) -> None:
    assert customer_of(spelling, "  Ahmad \n S. ") == Customer(AHMAD.address, "Ahmad S.")


@pytest.mark.parametrize("hidden", ["SA.4566546130240823", " SA.ENT.4566546130240823 "])
def test_a_hidden_customers_id_is_taken_as_it_is(hidden: str) -> None:
    assert customer_of(hidden) == Customer(hidden.strip())


@pytest.mark.parametrize("wrong", ["", "nobody", "123", "SA.", "sa.1", "SA.1\x00", "SA.%", "SA." + "1" * 99])
def test_nobody_has_such_a_number(wrong: str) -> None:
    with pytest.raises(InvalidNumber):
        customer_of(wrong)


@pytest.mark.parametrize(("text", "problem"), [("", "empty"), (" \n", "empty"), ("م" * 4097, "long")])
def test_words_have_limits(text: str, problem: str) -> None:
    with pytest.raises(Unsayable) as caught:
        said.words(text)
    assert caught.value.problem == problem


@pytest.mark.parametrize("latitude", ["", "north", "91", "-90.1", "NaN", "Infinity", "1e999999999"])
def test_no_such_place(latitude: str) -> None:
    with pytest.raises(Unsayable):
        said.place(latitude, "46.7")


@pytest.mark.parametrize(
    ("latitude", "meant"), [("٢٤٫٧١٣٦", "24.7136"), (" 24.70 ", "24.7"), ("20", "20"), ("1e-20", "0")]
)
def test_places_are_plain_decimals(world: World, latitude: str, meant: str) -> None:
    form = posting.form_of(world.a.bot, AHMAD, said.place(latitude, "46"), "SM" + KEY)
    assert form["Latitude"] == meant


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


# --- saying -----------------------------------------------------------------------------------------------------------


def test_saying_posts_to_the_webhook(client: Client, world: World, door: type[Door]) -> None:
    answer = client.post("/simulator/say", address_of(world, "0550000201", name="A", key=KEY, kind="text", text=" hi "))
    assert answer.json() == {"delivered": 1}
    form = dict(door.posts[0][2])
    assert (form["MessageSid"], form["Body"], form["From"]) == ("SM" + KEY, " hi ", "whatsapp:+966550000201")
    assert not Message.objects.exists()  # the phone itself writes nothing: only the door does


def test_the_same_key_is_the_same_message(client: Client, world: World, door: type[Door]) -> None:
    door.answers.append(503)
    line = address_of(world, key=KEY, kind="image")
    first = client.post("/simulator/say", line)
    assert (first.status_code, "Send it again" in first.json()["error"]) == (502, True)
    assert client.post("/simulator/say", line).status_code == 200
    assert [dict(form)["MessageSid"] for _, _, form in door.posts] == ["MM" + KEY] * 2


def test_everything_twice(client: Client, world: World, door: type[Door]) -> None:
    line = address_of(world, key=KEY, kind="text", text="hi", twice="1")
    assert client.post("/simulator/say", line).json() == {"delivered": 2}
    assert [dict(form)["MessageSid"] for _, _, form in door.posts] == ["SM" + KEY] * 2


def test_tapping_answers_the_message_that_offers_it(client: Client, world: World, door: type[Door]) -> None:
    talk = talk_of(world.a.bot)
    buttons, listing = answered(talk, Buttons("?", (CONFIRM,))), answered(talk, Listing("?", "menu", (CHICKEN, BURGER)))
    for message, choice in ((buttons, CONFIRM), (listing, BURGER)):
        line = address_of(world, key=posting.new_key(), kind="tap", message=str(message.code), choice=choice.id)
        assert client.post("/simulator/say", line).status_code == 200
    tapped, chosen = (dict(form) for _, _, form in door.posts)
    assert (tapped["ButtonPayload"], tapped["ButtonText"]) == (CONFIRM.id, CONFIRM.title)
    assert tapped["OriginalRepliedMessageSid"] == buttons.provider_sid
    assert (chosen["ListId"], chosen["ListTitle"], chosen["Description"]) == (
        BURGER.id,
        BURGER.title,
        BURGER.description,
    )
    assert chosen["OriginalRepliedMessageSid"] == listing.provider_sid


def test_what_has_not_arrived_or_is_not_offered_cannot_be_tapped(
    client: Client, world: World, door: type[Door]
) -> None:
    talk = talk_of(world.a.bot)
    waiting, arrived = answered(talk, Buttons("?", (CONFIRM,)), "queued"), answered(talk, Buttons("?", (CONFIRM,)))
    for message, choice in ((waiting, CONFIRM.id), (arrived, "item:1")):
        line = address_of(world, key=KEY, kind="tap", message=str(message.code), choice=choice)
        assert client.post("/simulator/say", line).status_code == 400
    assert door.posts == []


def test_another_customers_message_cannot_be_tapped(client: Client, world: World, door: type[Door]) -> None:
    message = answered(talk_of(world.a.bot, "+966550000999"), Buttons("?", (CONFIRM,)))
    talk_of(world.a.bot)
    line = address_of(world, key=KEY, kind="tap", message=str(message.code), choice=CONFIRM.id)
    assert client.post("/simulator/say", line).status_code == 404
    assert client.post("/simulator/say", {**line, "message": "x"}).status_code == 404
    assert client.post("/simulator/say", {**line, "as": unused_number()}).status_code == 404
    assert door.posts == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"text": ""},
        {"text": "م" * 4097},
        {"key": "short"},
        {"key": KEY.upper()},
        {"key": KEY + "\n"},
        {"as": "nobody"},
        {"kind": "place", "latitude": "95", "longitude": "46"},
    ],
)
def test_what_cannot_be_said_is_refused_in_words(
    client: Client, world: World, door: type[Door], wrong: dict[str, str]
) -> None:
    line = {**address_of(world), "key": KEY, "kind": "text", "text": "hi", **wrong}
    answer = client.post("/simulator/say", line)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert door.posts == []


@pytest.mark.parametrize("text", ["nul\x00", "\x07\x1b[31m", "👩🏽‍🍳🇸🇦", "\u202eright\u2066", "م" * 4096])
def test_hostile_words_are_posted_as_they_are(client: Client, world: World, door: type[Door], text: str) -> None:
    assert client.post("/simulator/say", address_of(world, key=KEY, kind="text", text=text)).status_code == 200
    assert dict(door.posts[0][2])["Body"] == text


def test_a_place_is_shared_with_its_name(client: Client, world: World, door: type[Door]) -> None:
    line = address_of(world, key=KEY, kind="place", latitude="24.7", longitude="46.6", label="Olaya", address="Riyadh")
    assert client.post("/simulator/say", line).status_code == 200
    shared = posting.said_of(dict(door.posts[0][2]))
    assert shared == Place(Decimal("24.7"), Decimal("46.6"), "Olaya", "Riyadh")


@pytest.mark.parametrize(
    ("status", "part"), [(403, "refused"), (404, "refused"), (500, "(500). Send it again"), (None, "did not answer")]
)
def test_a_failure_is_said_in_words(
    client: Client, world: World, door: type[Door], settings: Settings, status: int | None, part: str
) -> None:
    if status:
        door.answers.append(status)
    else:
        settings.PORT = 9
    answer = client.post("/simulator/say", address_of(world, key=KEY, kind="voice"))
    assert answer.status_code == 502
    assert part in answer.json()["error"]


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
