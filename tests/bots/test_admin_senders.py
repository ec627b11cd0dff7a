"""The operators' pages of senders."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from bots import registration
from bots.admin import senders
from bots.models import AuditEvent, Bot, Restaurant
from bots.numbers import for_people
from bots.registration import NumberTaken, register, retire
from conversations.models import Conversation
from tests.world import NUMBER_A, TOKEN_A, TOKEN_B, World, make_house

TOKEN = "aaaabbbbccccddddeeeeffff00001111"
ACCOUNT = "AC" + "1" * 32
LIST, ADD = "/admin/bots/bot/", "/admin/bots/bot/add/"


@pytest.fixture
def page(world: World, client: Client) -> Client:
    client.force_login(world.operator)
    return client


def typed(**changes: str) -> dict[str, str]:
    return {
        "name": "Sufrah Bot",
        "whatsapp_number": "0508034010",
        "restaurant_name": "Sufrah",
        "restaurant": "",
        "account_sid": ACCOUNT,
        "auth_token": TOKEN,
        "subaccount_sid": "",
        "sender_sid": "",
        "waba_id": "",
        "verification_sid": "",
        "support_contact": "",
        "payment_link": "",
        "max_messages_per_min": "60",
        "max_messages_per_day": "1000",
        **changes,
    }


def stored(bot: Bot, **changes: str) -> dict[str, str]:
    """What the page of this sender sends when somebody changes only these fields."""
    return typed(
        name=bot.name,
        whatsapp_number=for_people(bot.whatsapp_number),
        restaurant=str(bot.restaurant_id),
        account_sid=bot.account_sid,
        sender_sid=bot.sender_sid,
        waba_id=bot.waba_id,
        auth_token="",
        status=bot.status,
        is_active="on",
        error_message="",
    ) | dict(changes)


def of(bot: Bot, *more: str) -> str:
    return "/".join(["/admin/bots/bot", str(bot.pk), *(more or ["change"])]) + "/"


def text_of(response: Any) -> str:
    return html.unescape(response.content.decode())


def talk_with(bot: Bot) -> Conversation:
    return Conversation.objects.create(
        restaurant=bot.restaurant, bot=bot, customer_address="+966500000900", last_message_at=timezone.now()
    )


def rows() -> tuple[int, int, int]:
    return Restaurant.objects.count(), Bot.objects.count(), AuditEvent.objects.count()


def test_adding_registers_by_the_verb_and_notes_who(page: Client, world: World) -> None:
    response = page.post(ADD, typed())
    made = Bot.objects.latest("id")
    assert (response.status_code, response["Location"]) == (302, f"{LIST}{made.pk}/change/"), "the next steps are there"
    bot = Bot.objects.get(whatsapp_number="+966508034010")
    assert (bot.channel, bot.status, bot.restaurant.name) == ("twilio", "ACTIVE", "Sufrah")
    assert bot.auth_token.reveal() == TOKEN
    assert AuditEvent.objects.get(action="sender.registered").user == world.operator


@pytest.mark.parametrize("spelling", ["whatsapp:+966 50 803 4010", "00966508034010", "٠٥٠٨٠٣٤٠١٠"])
def test_every_spelling_is_accepted_and_shown_in_one_form(page: Client, spelling: str) -> None:
    page.post(ADD, typed(whatsapp_number=spelling))
    bot = Bot.objects.get(whatsapp_number="+966508034010")
    assert "+966 50 803 4010" in text_of(page.get(LIST))
    assert 'value="+966 50 803 4010"' in text_of(page.get(of(bot)))
    assert bot.name in text_of(page.get(LIST, {"q": spelling}))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"whatsapp_number": "12"}, "This is no phone number that can be called."),
        ({"account_sid": "SK" + "1" * 32}, "An account SID is AC and 32 digits or letters a to f."),
        ({"sender_sid": "XE12"}, "A sender SID is XE and 32 digits or letters a to f."),
        ({"auth_token": ""}, "This field is required."),
        ({"restaurant_name": ""}, "Name a new restaurant, or choose one."),
        ({"payment_link": "javascript:alert(1)"}, "Enter a valid URL."),
    ],
)
def test_the_form_says_in_words_what_is_wrong(page: Client, changes: dict[str, str], says: str) -> None:
    before = rows()
    response = page.post(ADD, typed(**changes))
    assert response.status_code == 200
    assert says in text_of(response)
    assert TOKEN not in response.content.decode()
    assert rows() == before


def test_a_number_that_is_taken_is_refused(page: Client, world: World) -> None:
    Bot.objects.filter(pk=world.a.bot.pk).update(channel="twilio")
    before = rows()
    assert "“Shawarma House Bot” already has this number." in text_of(
        page.post(ADD, typed(whatsapp_number="0500000101"))
    )
    assert rows() == before


def test_a_restaurant_is_new_or_chosen_but_not_both(page: Client, world: World) -> None:
    before = rows()
    chosen = str(world.a.restaurant.pk)
    assert "not both" in text_of(page.post(ADD, typed(restaurant=chosen)))
    assert rows() == before
    page.post(ADD, typed(restaurant=chosen, restaurant_name=""))
    assert Bot.objects.get(whatsapp_number="+966508034010").restaurant == world.a.restaurant


def test_somebody_quicker_is_said_and_nothing_breaks(page: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def beaten(**_: object) -> None:
        raise NumberTaken("+966508034010")

    monkeypatch.setattr(senders, "register", beaten)
    before = rows()
    response = page.post(ADD, typed(), follow=True)
    assert "Another sender already has the number +966508034010. Nothing was changed." in text_of(response)
    assert rows() == before


@pytest.mark.django_db(transaction=True)
def test_the_verbs_begin_their_own_transactions(client: Client) -> None:
    operator = User.objects.create_superuser("operator")
    client.force_login(operator)
    assert client.post(ADD, typed()).status_code == 302
    bot = Bot.objects.get()
    assert client.post(of(bot), stored(bot, name="Renamed")).status_code == 302
    assert client.post(LIST, {"action": "turn_off", "_selected_action": [bot.pk]}).status_code == 302
    assert client.post(of(bot, "retire")).status_code == 302
    bot.refresh_from_db()
    assert (bot.name, bot.is_active, bot.retired_at is not None) == ("Renamed", False, True)


def test_quick_fill_knows_all_but_the_secrets(page: Client, world: World) -> None:
    said = text_of(page.get(ADD))
    block = re.search(r'<script id="known-senders" type="application/json">(.*?)</script>', said, re.DOTALL)
    assert block is not None
    known = json.loads(block[1])
    assert [(one["name"], one["state"]) for one in known] == [("Sufrah Bot", "new"), ("Ocean Restaurant Bot", "new")]
    assert known[0]["fields"]["sender_sid"] == "XE23c4f8b55966a1bfd101338f4c68b8cb"
    assert not {"account_sid", "auth_token"} & set(known[0]["fields"])
    assert said.count("data-quick-fill=") == 2
    assert "data-quick-fill" not in text_of(page.get(of(world.a.bot)))


def test_quick_fill_takes_a_demo_sender_live(page: Client) -> None:
    demo = make_house("Sufrah", "سفرة", "+966508034010", "AC" + "2" * 32, "", TOKEN_A, "demo").bot
    page.post(ADD, typed())
    demo.refresh_from_db()
    assert (demo.channel, demo.auth_token.reveal(), demo.account_sid) == ("twilio", TOKEN, ACCOUNT)
    said = text_of(page.get(ADD))
    assert "(registered)" in said
    assert AuditEvent.objects.filter(action="sender.taken_live").count() == 1


def test_an_empty_token_keeps_the_stored_one(page: Client, world: World) -> None:
    assert page.post(of(world.a.bot), stored(world.a.bot, name="New name")).status_code == 302
    world.a.bot.refresh_from_db()
    assert (world.a.bot.name, world.a.bot.auth_token.reveal()) == ("New name", TOKEN_A)
    assert AuditEvent.objects.get().changes == {"name": ["Shawarma House Bot", "New name"]}
    history = text_of(page.get(of(world.a.bot, "history")))
    assert "Changed Name." in history


def test_a_typed_token_replaces_it(page: Client, world: World) -> None:
    page.post(of(world.a.bot), stored(world.a.bot, auth_token=TOKEN))
    assert Bot.objects.get(pk=world.a.bot.pk).auth_token.reveal() == TOKEN
    assert AuditEvent.objects.get().changes == {"auth_token": ["set", "replaced"]}


def test_no_page_ever_shows_a_token(page: Client, world: World) -> None:
    page.post(ADD, typed())
    page.post(of(world.a.bot), stored(world.a.bot, auth_token=TOKEN))
    pages = [LIST, ADD, *(of(world.a.bot, *more) for more in ([], ["history"], ["retire"]))]
    pages += ["/admin/bots/auditevent/", "/admin/", "/admin/bots/restaurant/", LIST + "?kept=all"]
    pages += [f"/admin/bots/auditevent/{event.pk}/change/" for event in AuditEvent.objects.all()]
    sealed = Bot.objects.get(pk=world.a.bot.pk).auth_token.sealed
    assert sealed
    for address in pages:
        said = text_of(page.get(address))
        for secret in (TOKEN, TOKEN_A, TOKEN_B, sealed, "gAAAA"):
            assert secret not in said, address
    assert 'type="password" name="auth_token"' in text_of(page.get(of(world.a.bot)))
    assert "Set. Leave this empty to keep it." in text_of(page.get(of(world.a.bot)))


def test_retiring_asks_first_and_keeps_the_history(page: Client, world: World) -> None:
    talk = talk_with(world.a.bot)
    asked = text_of(page.get(of(world.a.bot, "retire")))
    assert "Its one conversation stays readable." in asked
    assert Bot.objects.get(pk=world.a.bot.pk).retired_at is None
    page.post(of(world.a.bot, "retire"), follow=True)
    world.a.bot.refresh_from_db()
    assert world.a.bot.retired_at is not None
    assert Conversation.objects.get() == talk
    assert world.a.bot.name not in text_of(page.get(LIST))
    assert world.a.bot.name in text_of(page.get(LIST, {"kept": "retired"}))
    assert page.post(of(world.a.bot), stored(world.a.bot, name="Ghost")).status_code == 403
    assert page.post(of(world.a.bot, "retire")).status_code == 403
    register(by=None, name="Next", restaurant_name="R", whatsapp_number=NUMBER_A, account_sid=ACCOUNT, auth_token=TOKEN)


def test_retiring_what_somebody_retired_meanwhile_is_said(
    page: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rival_first(bot: Bot, *, by: User | None) -> None:
        registration.retire(Bot.objects.get(pk=bot.pk), by=None)
        retire(bot, by=by)

    monkeypatch.setattr(senders, "retire", rival_first)
    assert "This sender is retired." in text_of(page.post(of(world.a.bot, "retire"), follow=True))
    assert AuditEvent.objects.filter(action="sender.retired").count() == 1


def test_senders_are_never_deleted(page: Client, world: World) -> None:
    assert page.post(of(world.a.bot, "delete"), {"post": "yes"}).status_code == 403
    page.post(LIST, {"action": "delete_selected", "_selected_action": [world.a.bot.pk], "post": "yes"})
    assert Bot.objects.count() == 2


def test_turning_off_and_on(page: Client, world: World) -> None:
    chosen = [world.a.bot.pk, world.b.bot.pk]
    page.post(LIST, {"action": "turn_off", "_selected_action": chosen})
    assert list(Bot.objects.values_list("is_active", flat=True)) == [False, False]
    said = text_of(page.post(LIST, {"action": "turn_on", "_selected_action": chosen}, follow=True))
    assert "2 senders were switched." in said
    assert AuditEvent.objects.filter(action="sender.changed").count() == 4


def test_last_messages_are_on_the_list(page: Client, world: World) -> None:
    talk = talk_with(world.a.bot)
    came = timezone.now().replace(year=2025, month=3, day=4, hour=5, minute=6)
    Conversation.objects.filter(pk=talk.pk).update(last_inbound_at=came, last_message_at=came.replace(hour=7))
    said = text_of(page.get(LIST))
    assert "March 4, 2025, 8:06 a.m." in said
    assert "March 4, 2025, 10:06 a.m." in said


def test_the_list_asks_the_same_however_long_it_is(
    page: Client, world: World, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for n in range(20):
        register(
            by=None,
            name=f"Sender {n}",
            restaurant_name=f"R {n}",
            whatsapp_number=f"+9665000003{n:02}",
            account_sid=ACCOUNT,
            auth_token=TOKEN,
        )
    with django_assert_num_queries(5):
        page.get(LIST)


@pytest.mark.parametrize("address", [LIST, ADD, "change", "retire", "history"])
def test_only_operators_come_in(client: Client, world: World, address: str) -> None:
    path = address if address.startswith("/") else of(world.a.bot, address)
    for person in (None, world.a.owner, world.stranger):
        if person:
            client.force_login(person)
        response = client.post(path, typed())
        assert response.status_code == 302
        assert response["Location"].startswith("/admin/login/")
    assert rows() == (2, 2, 0)


def test_an_operator_who_may_only_look_changes_nothing(client: Client, world: World) -> None:
    reader = User.objects.create_user("reader", is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_bot"))
    client.force_login(reader)
    assert client.get(of(world.a.bot)).status_code == 200
    assert client.post(of(world.a.bot), stored(world.a.bot, name="Ghost")).status_code == 403
    assert client.post(of(world.a.bot, "retire")).status_code == 403
    assert client.post(ADD, typed()).status_code == 403
    client.post(LIST, {"action": "turn_off", "_selected_action": [world.a.bot.pk]})
    world.a.bot.refresh_from_db()
    assert (world.a.bot.name, world.a.bot.is_active, rows()) == ("Shawarma House Bot", True, (2, 2, 0))


def test_what_is_not_there_is_not_found(page: Client) -> None:
    assert page.get("/admin/bots/bot/999999/retire/").status_code == 404
    assert page.get(reverse("admin:bots_bot_change", args=[999999])).status_code == 302


def test_arabic_pages_read_from_right_to_left(page: Client, world: World) -> None:
    said = page.get(of(world.a.bot), headers={"accept-language": "ar"}).content.decode()
    assert '<html lang="ar" dir="rtl"' in said


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "Please correct what is marked below."), ("ar", "صحّح ما أُشير إليه أدناه.")],
)
def test_a_form_with_something_wrong_says_so_in_ones_language(page: Client, language: str, words: str) -> None:
    answer = page.post(ADD, typed(whatsapp_number="12"), headers={"accept-language": language})
    shown = text_of(answer)
    assert words in shown
    assert "لا توجد أخطاء" not in shown
