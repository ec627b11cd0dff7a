"""What the phone says is posted as Twilio posts it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings
from twilio.request_validator import RequestValidator

from bots.models import Bot
from bots.numbers import InvalidNumber
from conversations.simulator import posting, said
from conversations.simulator.said import Attachment, Customer, Said, Tap, Unsayable, Words, customer_of
from tests.phone import (
    AHMAD,
    BURGER,
    CHICKEN,
    CONFIRM,
    KEY,
    NAMED,
    Door,
    standing_door,
)
from tests.world import TOKEN_A, World

FIXTURES = Path(__file__).parents[1] / "twilio" / "fixtures"


@pytest.fixture
def door() -> Iterator[type[Door]]:
    with standing_door() as door:
        yield door


@pytest.fixture
def bot(world: World) -> Bot:
    """Sender A as the database has it, its token sealed."""
    return Bot.objects.get(pk=world.a.bot.pk)


def fixture(name: str) -> dict[str, str]:
    form: dict[str, str] = json.loads((FIXTURES / f"{name}.json").read_text())
    return form


# --- what is posted ---------------------------------------------------------------------------------------------------

PLACE = said.place("24.713551998138", "46.675296783447")


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
