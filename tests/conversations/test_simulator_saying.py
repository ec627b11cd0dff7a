"""Saying something with the phone: through the door, once, or with the reason in words."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest
from django.test import Client
from pytest_django import Settings

from conversations.content import Buttons, Listing
from conversations.models import Message
from conversations.simulator import posting
from conversations.simulator.access import unused_number
from conversations.simulator.said import Place
from tests.phone import (
    BURGER,
    CHICKEN,
    CONFIRM,
    KEY,
    Door,
    address_of,
    answered,
    standing_door,
    talk_of,
)
from tests.world import World


@pytest.fixture
def door() -> Iterator[type[Door]]:
    with standing_door() as door:
        yield door


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
