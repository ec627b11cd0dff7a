"""Registering, changing, retiring and taking live; every change is noted, no secret ever."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any, Unpack

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from bots import live, registration
from bots.models import AuditEvent, Bot, Restaurant
from bots.numbers import InvalidNumber
from bots.registration import (
    FieldsMissing,
    NumberTaken,
    Retired,
    SenderFields,
    StaysWithRestaurant,
    change,
    register,
    retire,
)
from bots.routing import bot_of
from conversations.models import Conversation
from tests.world import NUMBER_A, TOKEN_A, World

TOKEN = "aaaabbbbccccddddeeeeffff00001111"
OTHER = "99998888777766665555444433332222"
NUMBER = "+966508034010"


def asked(**changes: Any) -> SenderFields:
    fields: SenderFields = {
        "name": "Sufrah Bot",
        "restaurant_name": "Sufrah",
        "whatsapp_number": NUMBER,
        "account_sid": "AC" + "1" * 32,
        "auth_token": TOKEN,
    }
    return {**fields, **changes}  # type: ignore[typeddict-item]


def talk_with(bot: Bot) -> Conversation:
    return Conversation.objects.create(
        restaurant=bot.restaurant, bot=bot, customer_address="+966500000900", last_message_at=timezone.now()
    )


def noted(**wanted: object) -> AuditEvent:
    return AuditEvent.objects.get(**wanted)


def rows() -> tuple[int, int, int]:
    return Restaurant.objects.count(), Bot.objects.count(), AuditEvent.objects.count()


def test_a_new_sender_has_a_new_restaurant_and_is_active(world: World) -> None:
    bot = register(by=world.operator, **asked())
    stored = Bot.objects.get(pk=bot.pk)
    assert (stored.whatsapp_number, stored.status, stored.channel) == (NUMBER, "ACTIVE", "twilio")
    assert (stored.restaurant.name, stored.is_active, stored.auth_token.reveal()) == ("Sufrah", True, TOKEN)
    assert Restaurant.objects.count() == 3
    told = noted(action="sender.registered")
    assert (told.user, told.restaurant) == (world.operator, stored.restaurant)
    assert told.changes["auth_token"] == ["", "set"]
    assert told.changes["whatsapp_number"] == [None, NUMBER]


@pytest.mark.parametrize(
    "spelling",
    [
        "whatsapp:+966508034010",
        "00966508034010",
        "966508034010",
        "0508034010",
        "508034010",
        "٠٥٠٨٠٣٤٠١٠",
        "050 803-4010",
    ],
)
def test_every_spelling_is_the_same_number(db: None, spelling: str) -> None:
    register(by=None, **asked(whatsapp_number=spelling))
    assert Bot.objects.get().whatsapp_number == NUMBER
    with pytest.raises(NumberTaken):
        register(by=None, **asked())


def test_an_existing_restaurant_is_not_doubled_or_renamed_by_accident(world: World) -> None:
    fields = asked(restaurant=world.a.restaurant)
    del fields["restaurant_name"]
    assert register(by=None, **fields).restaurant == world.a.restaurant
    assert Restaurant.objects.get(pk=world.a.restaurant.pk).name == "Shawarma House"
    assert Restaurant.objects.count() == 2


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"whatsapp_number": "12"}, InvalidNumber),
        ({"auth_token": ""}, FieldsMissing),
        ({"auth_token": "hidden"}, FieldsMissing),
        ({"name": ""}, FieldsMissing),
        ({"restaurant_name": ""}, FieldsMissing),
        ({"account_sid": "A" * 35}, ValidationError),
        ({"name": "n" * 121}, ValidationError),
        ({"restaurant_name": "r" * 121}, ValidationError),
        ({"status": "ASLEEP"}, ValidationError),
        ({"payment_link": "javascript:alert(1)"}, ValidationError),
        ({"max_messages_per_min": -1}, ValidationError),
    ],
)
def test_a_refused_sender_leaves_nothing_behind(world: World, changes: dict[str, Any], error: type[Exception]) -> None:
    before = rows()
    with pytest.raises(error):
        register(by=world.operator, **asked(**changes))
    assert rows() == before


def test_a_number_that_is_taken_is_refused_in_words(world: World) -> None:
    Bot.objects.filter(pk=world.a.bot.pk).update(channel="twilio")
    before = rows()
    with pytest.raises(NumberTaken, match="already has the number"):
        register(by=world.operator, **asked(whatsapp_number=NUMBER_A))
    assert rows() == before


@pytest.mark.django_db(transaction=True)
def test_of_two_that_register_the_same_number_at_once_one_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def rival() -> None:
        try:
            register(by=None, **asked(name="The rival"))
        finally:
            connection.close()

    added = registration._added

    def beaten(fields: SenderFields, by: Any) -> Bot:
        monkeypatch.setattr(registration, "_added", added)
        with ThreadPoolExecutor(1) as pool:
            pool.submit(rival).result(timeout=20)
        return added(fields, by)

    monkeypatch.setattr(registration, "_added", beaten)
    with pytest.raises(NumberTaken):
        register(by=None, **asked())
    assert [bot.name for bot in Bot.objects.all()] == ["The rival"]
    assert Restaurant.objects.count() == 1


def test_a_demo_sender_is_taken_live_with_everything_it_has(world: World) -> None:
    demo, talk = world.a.bot, talk_with(world.a.bot)
    bot = register(by=world.operator, **asked(whatsapp_number=NUMBER_A, restaurant_name="Shawarma House"))
    demo.refresh_from_db()
    assert (bot, bot.channel, demo.channel) == (demo, "twilio", "twilio")
    assert (demo.account_sid, demo.auth_token.reveal(), demo.status) == ("AC" + "1" * 32, TOKEN, "ACTIVE")
    assert (demo.restaurant, talk.bot) == (world.a.restaurant, bot)
    told = noted(action="sender.taken_live")
    assert (told.changes["channel"], told.changes["auth_token"]) == (["simulator", "twilio"], ["set", "replaced"])
    with pytest.raises(NumberTaken):
        register(by=world.operator, **asked(whatsapp_number=NUMBER_A))


def test_a_demo_sender_gives_its_number_to_another_restaurant(world: World) -> None:
    talk_with(world.a.bot)
    bot = register(by=world.operator, **asked(whatsapp_number=NUMBER_A, restaurant=world.b.restaurant))
    world.a.bot.refresh_from_db()
    assert world.a.bot.retired_at is not None
    assert (bot.restaurant, bot_of(NUMBER_A)) == (world.b.restaurant, bot)
    assert Conversation.objects.get().restaurant == world.a.restaurant


@pytest.mark.parametrize("token", ["", "hidden"])
def test_a_change_keeps_the_token_that_nobody_typed(world: World, token: str) -> None:
    changed = change(world.a.bot, by=world.operator, name="New name", auth_token=token)
    assert changed == {"name": ["Shawarma House Bot", "New name"]}
    world.a.bot.refresh_from_db()
    assert world.a.bot.auth_token.reveal() == TOKEN_A


def test_a_new_token_is_noted_but_never_told(world: World) -> None:
    change(world.a.bot, by=world.operator, auth_token=OTHER)
    assert noted(action="sender.changed").changes == {"auth_token": ["set", "replaced"]}
    assert Bot.objects.get(pk=world.a.bot.pk).auth_token.reveal() == OTHER
    assert world.a.bot.auth_token.sealed not in str(AuditEvent.objects.values_list())


def test_the_same_again_changes_nothing(world: World) -> None:
    assert change(world.a.bot, by=None, auth_token=TOKEN_A, name=world.a.bot.name, whatsapp_number="0500000101") == {}
    assert not AuditEvent.objects.exists()


def test_a_change_can_rename_the_restaurant_and_is_announced(
    world: World, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    said: list[live.Announcement] = []
    monkeypatch.setattr(live, "_publish", said.append)
    with django_capture_on_commit_callbacks(execute=True):
        change(world.a.bot, by=None, restaurant_name="House of shawarma", is_active=False)
    assert Restaurant.objects.get(pk=world.a.restaurant.pk).name == "House of shawarma"
    assert noted().changes == {
        "is_active": [True, False],
        "restaurant_name": ["Shawarma House", "House of shawarma"],
    }
    assert [(one.type, one.ids) for one in said] == [("bot.status", {"botId": str(world.a.bot.code)})]


def test_a_change_to_a_number_that_is_taken_is_refused(world: World) -> None:
    with pytest.raises(NumberTaken):
        change(world.b.bot, by=None, whatsapp_number=NUMBER_A, name="New name")
    world.b.bot.refresh_from_db()
    assert (world.b.bot.name, AuditEvent.objects.count()) == ("Falafel Corner Bot", 0)


def test_a_change_hands_a_sender_to_nobody(world: World) -> None:
    for talks in (False, True):
        if talks:
            talk_with(world.a.bot)
        with pytest.raises(StaysWithRestaurant, match="stays with its restaurant"):
            change(world.a.bot, by=None, name="New", restaurant=world.b.restaurant)
        stored = Bot.objects.get(pk=world.a.bot.pk)
        assert (stored.restaurant, stored.name) == (world.a.restaurant, "Shawarma House Bot")
    change(world.a.bot, by=None, restaurant=world.a.restaurant)
    assert not AuditEvent.objects.exists()


def test_another_value_that_twilio_was_asked_about_forgets_its_answer(world: World) -> None:
    known = {"health": "differs", "health_at": timezone.now(), "health_lines": [{"what": "number"}]}
    changed: list[SenderFields] = [
        {"whatsapp_number": "+966500000777"},
        {"account_sid": "AC" + "7" * 32},
        {"subaccount_sid": "AC" + "8" * 32},
        {"auth_token": TOKEN},
        {"sender_sid": "XE" + "7" * 32},
        {"waba_id": "7"},
    ]
    for fields in changed:
        Bot.objects.filter(pk=world.a.bot.pk).update(**known)
        change(world.a.bot, by=None, **fields)
        stored = Bot.objects.get(pk=world.a.bot.pk)
        assert (stored.health, stored.health_at, stored.health_lines) == ("unknown", None, []), fields
    Bot.objects.filter(pk=world.a.bot.pk).update(**known)
    change(world.a.bot, by=None, name="Renamed", is_active=False, auth_token="hidden")
    assert Bot.objects.get(pk=world.a.bot.pk).health == "differs"


def test_a_retired_sender_frees_its_number_and_keeps_its_history(world: World) -> None:
    talk = talk_with(world.a.bot)
    retire(world.a.bot, by=world.operator)
    assert (world.a.bot.is_active, bot_of(NUMBER_A)) == (False, None)
    assert Conversation.objects.get(bot=world.a.bot) == talk
    assert noted(action="sender.retired").changes["is_active"] == [True, False]
    register(by=world.operator, **asked(whatsapp_number=NUMBER_A))
    for late in (lambda: retire(world.a.bot, by=None), lambda: change(world.a.bot, by=None, name="Ghost")):
        with pytest.raises(Retired):
            late()
    assert Bot.objects.get(pk=world.a.bot.pk).name == "Shawarma House Bot"


def ensured(known: SenderFields, **given: Unpack[SenderFields]) -> str:
    return registration.ensure(given, known, by=None).what


def test_what_is_known_fills_in_and_never_overwrites(db: None) -> None:
    known = asked()
    assert ensured(known) == "registered"
    change(Bot.objects.get(), by=None, name="Named by people", restaurant_name="Renamed")
    assert ensured(known) == "unchanged"
    assert (Bot.objects.get().name, Restaurant.objects.get().name) == ("Named by people", "Renamed")
    assert ensured(known, name="Asked for") == "changed"
    Bot.objects.update(channel="simulator")
    assert ensured(known, restaurant_name="Sufrah") == "taken live"
    assert Bot.objects.count() == 1
