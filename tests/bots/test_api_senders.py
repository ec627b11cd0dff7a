"""Senders over REST: registered, shown, changed and retired."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from bots.models import AuditEvent, Bot, Restaurant
from bots.routing import bot_of
from conversations.models import Conversation
from tests.api_calls import Caller, at_once, body_of, caller, furnished, operator_for, refusal
from tests.world import NUMBER_A, TOKEN_A, World, make_house

TOKEN = "aaaabbbbccccddddeeeeffff00001111"
SENDER = {
    "name": "Sufrah Bot",
    "restaurantName": "Sufrah",
    "whatsappNumber": "+966508034010",
    "accountSid": "AC" + "1" * 32,
    "authToken": TOKEN,
}
BOTS = "/api/admin/bots"


@pytest.fixture
def operator(world: World) -> Caller:
    return caller(None)


def rows() -> tuple[int, int, int]:
    return Restaurant.objects.count(), Bot.objects.count(), AuditEvent.objects.exclude(action="token.made").count()


def without(name: str) -> dict[str, str]:
    return {field: value for field, value in SENDER.items() if field != name}


def test_a_new_sender_is_shown_in_full(operator: Caller) -> None:
    answer = operator.post(BOTS, SENDER)
    assert answer.status_code == 201
    bot, said = Bot.objects.select_related("restaurant").get(name="Sufrah Bot"), body_of(answer)
    assert said == {
        "id": str(bot.code),
        "restaurantId": str(bot.restaurant.code),
        "name": "Sufrah Bot",
        "restaurantName": "Sufrah",
        "whatsappNumber": "whatsapp:+966508034010",
        "accountSid": "AC" + "1" * 32,
        "subaccountSid": None,
        "authToken": "hidden",
        "wabaId": None,
        "senderSid": None,
        "verificationSid": None,
        "status": "ACTIVE",
        "verifiedAt": None,
        "errorMessage": None,
        "supportContact": None,
        "paymentLink": None,
        "isActive": True,
        "maxMessagesPerMin": 60,
        "maxMessagesPerDay": 1000,
        "createdAt": said["createdAt"],
        "updatedAt": said["updatedAt"],
        "restaurant": {"id": str(bot.restaurant.code), "name": "Sufrah", "phone": None},
    }
    assert said["createdAt"].endswith("Z")
    assert (bot.auth_token.reveal(), bot.channel) == (TOKEN, "twilio")
    assert body_of(operator.get(f"{BOTS}/{bot.code}")) == said


def test_everything_that_can_be_said_is_kept(operator: Caller, world: World) -> None:
    more = {
        "restaurantId": str(world.a.restaurant.code),
        "subaccountSid": "AC" + "2" * 32,
        "wabaId": "777730705047590",
        "senderSid": "XE" + "3" * 32,
        "verificationSid": "VE" + "4" * 32,
        "status": "PENDING",
        "verifiedAt": "2026-03-14T15:00:00+03:00",
        "errorMessage": "Not yet verified",
        "supportContact": "+966500000000",
        "paymentLink": "https://pay.example.com/sufrah",
        "isActive": False,
        "maxMessagesPerMin": 5,
        "maxMessagesPerDay": 50,
    }
    said = body_of(operator.post(BOTS, {**SENDER, **more}))
    assert {name: said[name] for name in more} == {**more, "verifiedAt": "2026-03-14T12:00:00Z"}
    assert said["restaurant"]["name"] == "Sufrah"
    assert Restaurant.objects.count() == 2


def test_names_of_restaurants_may_repeat(operator: Caller) -> None:
    first = body_of(operator.post(BOTS, SENDER))
    second = body_of(operator.post(BOTS, {**SENDER, "whatsappNumber": "0508034011"}))
    assert first["restaurantName"] == second["restaurantName"]
    assert first["restaurantId"] != second["restaurantId"]


@pytest.mark.parametrize(
    "spelling",
    [
        "whatsapp:+966508034010",
        "+966508034010",
        "00966508034010",
        "966508034010",
        "0508034010",
        "508034010",
        "+966 50 803-4010",
        "٠٥٠٨٠٣٤٠١٠",
    ],
)
def test_a_number_is_taken_in_any_usual_spelling(operator: Caller, spelling: str) -> None:
    answer = operator.post(BOTS, {**SENDER, "whatsappNumber": spelling})
    assert body_of(answer)["whatsappNumber"] == "whatsapp:+966508034010"


def test_what_is_missing_is_named(operator: Caller) -> None:
    before = rows()
    for name in SENDER:
        for body in (without(name), {**SENDER, name: ""}, {**SENDER, name: None}, {**SENDER, name: "  "}):
            answer = operator.post(BOTS, body)
            assert refusal(answer) == (400, f"Missing required fields: {name}"), body
            assert list(body_of(answer)["details"]) == [name]
    assert refusal(operator.post(BOTS, {})) == (400, f"Missing required fields: {', '.join(SENDER)}")
    assert refusal(operator.post(BOTS)) == (400, f"Missing required fields: {', '.join(SENDER)}")
    hidden = operator.post(BOTS, {**SENDER, "authToken": "hidden"})
    assert refusal(hidden) == (400, "Missing required fields: authToken")
    assert rows() == before


@pytest.mark.parametrize(
    ("changes", "status", "sentence"),
    [
        ({"whatsappNumber": "12"}, 400, "Invalid WhatsApp number format"),
        ({"whatsappNumber": "not a number"}, 400, "Invalid WhatsApp number format"),
        ({"whatsappNumber": "+966500000102x5"}, 400, "Invalid WhatsApp number format"),
        ({"restaurantId": "00000000-0000-4000-8000-000000000000"}, 400, "restaurantId: There is no such restaurant."),
        ({"restaurantId": "x"}, 400, "restaurantId: There is no such restaurant."),
        ({"paymentLink": "javascript:alert(1)"}, 400, "paymentLink: Enter a valid URL."),
        ({"status": "ASLEEP"}, 400, 'status: "ASLEEP" is not a valid choice.'),
        ({"isActive": "yes"}, 400, "isActive: Must be a valid boolean."),
        ({"maxMessagesPerMin": "60"}, 400, "maxMessagesPerMin: A valid integer is required."),
        ({"maxMessagesPerMin": True}, 400, "maxMessagesPerMin: A valid integer is required."),
        ({"verifiedAt": "soon"}, 400, "verifiedAt: Datetime has wrong format."),
        ({"accountSid": "A" * 35}, 400, "accountSid: Ensure this field has no more than 34 characters."),
        ({"restaurantName": "r" * 121}, 400, "restaurantName: Ensure this field has no more than 120 characters."),
        ({"channel": "simulator"}, 400, "Unknown fields: channel"),
    ],
)
def test_a_refused_sender_leaves_nothing_behind(
    operator: Caller, changes: dict[str, Any], status: int, sentence: str
) -> None:
    before = rows()
    said = refusal(operator.post(BOTS, {**SENDER, **changes}))
    assert (said[0], said[1][: len(sentence)]) == (status, sentence)
    assert rows() == before


def test_a_number_has_one_sender(operator: Caller) -> None:
    assert operator.post(BOTS, SENDER).status_code == 201
    before = rows()
    again = operator.post(BOTS, {**SENDER, "restaurantName": "Other", "whatsappNumber": "0508034010"})
    assert refusal(again) == (409, "Bot with WhatsApp number whatsapp:+966508034010 already exists")
    assert rows() == before


@pytest.mark.django_db(transaction=True)
def test_of_many_that_register_a_number_at_once_one_gets_it(world: World) -> None:
    token, before = caller(None).token, rows()
    answers = at_once(lambda n: Caller(token).post(BOTS, {**SENDER, "name": f"Bot {n}"}), 8)
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    assert rows()[:2] == (before[0] + 1, before[1] + 1)


def test_what_is_shown_only_may_be_sent_back(operator: Caller, world: World) -> None:
    path = f"{BOTS}/{world.a.bot.code}"
    shown = body_of(operator.get(path))
    sent = {**shown, "name": "New name", "id": "other", "createdAt": "never", "updatedAt": 3, "restaurant": None}
    answer = operator("PUT", path, sent)
    assert answer.status_code == 200, answer.content
    changed = body_of(answer)
    assert changed == {**shown, "name": "New name", "updatedAt": changed["updatedAt"]}
    assert changed["updatedAt"] > shown["updatedAt"]
    assert Bot.objects.get(pk=world.a.bot.pk).auth_token.reveal() == TOKEN_A


@pytest.mark.parametrize("sent", [{}, {"authToken": ""}, {"authToken": "hidden"}, {"authToken": None}])
def test_a_change_keeps_the_token_that_nobody_typed(operator: Caller, world: World, sent: dict[str, Any]) -> None:
    path = f"{BOTS}/{world.a.bot.code}"
    assert operator("PUT", path, {**sent, "supportContact": "+966500000000"}).status_code == 200
    stored = Bot.objects.get(pk=world.a.bot.pk)
    assert (stored.auth_token.reveal(), stored.support_contact) == (TOKEN_A, "+966500000000")
    assert body_of(operator("PUT", path, {"supportContact": None}))["supportContact"] is None
    assert operator("PUT", path, {"authToken": TOKEN}).status_code == 200
    assert Bot.objects.get(pk=world.a.bot.pk).auth_token.reveal() == TOKEN


def test_a_change_renames_the_restaurant(operator: Caller, world: World) -> None:
    said = body_of(operator("PUT", f"{BOTS}/{world.a.bot.code}", {"restaurantName": "House"}))
    assert (said["restaurantName"], said["restaurant"]["name"]) == ("House", "House")
    assert Restaurant.objects.get(pk=world.a.restaurant.pk).name == "House"


def test_a_change_that_is_not_possible_changes_nothing(operator: Caller, world: World) -> None:
    furnished(world.a)
    path, other = f"{BOTS}/{world.a.bot.code}", str(world.b.restaurant.code)
    before = body_of(operator.get(path))
    taken = operator("PUT", path, {"name": "x", "whatsappNumber": world.b.bot.whatsapp_number})
    assert refusal(taken)[0] == 409
    status, words = refusal(operator("PUT", path, {"name": "x", "restaurantId": other}))
    assert (status, words.split(".")[0]) == (409, "A sender stays with its restaurant")
    assert refusal(operator("PUT", path, {"name": ""})) == (400, "Missing required fields: name")
    assert refusal(operator("PUT", path, {"whatsappNumber": "1"})) == (400, "Invalid WhatsApp number format")
    assert body_of(operator.get(path)) == before
    assert operator("PUT", path, {"restaurantId": before["restaurantId"]}).status_code == 200


def test_a_sender_without_history_is_handed_to_nobody_either(operator: Caller, world: World) -> None:
    path = f"{BOTS}/{world.a.bot.code}"
    assert refusal(operator("PUT", path, {"restaurantId": str(world.b.restaurant.code)}))[0] == 409
    assert Bot.objects.get(pk=world.a.bot.pk).restaurant == world.a.restaurant


def test_a_sender_with_conversations_is_retired_by_force_alone(operator: Caller, world: World) -> None:
    furnished(world.a)
    path = f"{BOTS}/{world.a.bot.code}"
    for query in ("", "?force=false"):
        assert refusal(operator("DELETE", path + query))[0] == 409
    assert refusal(operator("DELETE", f"{path}?force=perhaps"))[0] == 400
    assert bot_of(NUMBER_A) == world.a.bot
    answer = operator("DELETE", f"{path}?force=true")
    assert body_of(answer) == {"success": True, "message": "Bot Shawarma House Bot was retired"}
    assert Conversation.objects.filter(bot=world.a.bot).count() == 1
    for method, body in (("GET", None), ("PUT", {"name": "Ghost"}), ("DELETE", None)):
        assert refusal(operator(method, path, body))[0] == 404
    assert operator.post(BOTS, {**SENDER, "whatsappNumber": NUMBER_A}).status_code == 201


def test_a_sender_without_conversations_needs_no_force(operator: Caller, world: World) -> None:
    path = f"{BOTS}/{world.b.bot.code}"
    assert operator("DELETE", path).status_code == 200
    assert [bot["id"] for bot in body_of(operator.get(BOTS))] == [str(world.a.bot.code)]
    senders = operator_for(world.b.restaurant).get(f"/api/db/restaurants/{world.b.restaurant.code}/bots")
    assert body_of(senders) == []


def test_a_restaurant_sees_its_own_senders(world: World) -> None:
    own = caller(world.a.restaurant, "read")
    [said] = body_of(own.get(f"/api/db/restaurants/{world.a.restaurant.code}/bots"))
    assert said == {
        "id": str(world.a.bot.code),
        "name": "Shawarma House Bot",
        "restaurantName": "Shawarma House",
        "whatsappNumber": f"whatsapp:{NUMBER_A}",
        "status": "ACTIVE",
        "isActive": True,
        "createdAt": said["createdAt"],
        "updatedAt": said["updatedAt"],
    }


def test_the_list_costs_the_same_for_many(
    operator: Caller, world: World, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    operator.get(BOTS)
    with django_assert_num_queries(2):  # the token, the page
        operator.get(BOTS)
    for n in range(3, 8):
        make_house(f"House {n}", f"بيت {n}", f"+96650000010{n}", "AC" + "5" * 32, "XE" + "5" * 32, TOKEN, str(n))
    with django_assert_num_queries(2):
        assert len(body_of(operator.get(BOTS))) == 7
    with django_assert_num_queries(2):
        answer = operator.get(f"{BOTS}?limit=3&offset=2")
    assert [bot["name"] for bot in body_of(answer)] == ["House 5 Bot", "House 4 Bot", "House 3 Bot"]
    with django_assert_num_queries(3):  # and the place of the cursor
        following = operator.get(answer["Link"].split(">")[0].lstrip("<"))
    assert len(body_of(following)) == 2
    assert not following.has_header("Link")


def test_no_secret_is_in_the_audit_log(operator: Caller) -> None:
    operator.post(BOTS, SENDER)
    assert TOKEN not in json.dumps(list(AuditEvent.objects.values("action", "subject", "changes")))


def test_null_for_what_may_be_absent(operator: Caller, world: World) -> None:
    made = operator.post(BOTS, {**SENDER, "restaurantId": None})
    assert (made.status_code, Restaurant.objects.filter(name="Sufrah").count()) == (201, 1)
    path = f"{BOTS}/{world.a.bot.code}"
    for name in ("restaurantId", "status", "isActive", "maxMessagesPerDay"):
        sentence = f"{name}: This field may not be null."
        assert refusal(operator("PUT", path, {name: None})) == (400, sentence)


def test_force_in_any_case(operator: Caller, world: World) -> None:
    furnished(world.a)
    path = f"{BOTS}/{world.a.bot.code}"
    assert refusal(operator("DELETE", f"{path}?force=False"))[0] == 409
    for query in ("force=1", "force=", "force=%00", "force=yes"):
        assert refusal(operator("DELETE", f"{path}?{query}"))[0] == 400
    assert operator("DELETE", f"{path}?force=True").status_code == 200


def test_a_number_that_the_tables_do_not_know_yet(operator: Caller) -> None:
    made = operator.post(BOTS, {**SENDER, "whatsappNumber": "whatsapp:+966520000000"})
    assert (made.status_code, body_of(made)["whatsappNumber"]) == (201, "whatsapp:+966520000000")
    again = operator.post(BOTS, {**SENDER, "whatsappNumber": "00966 52 000 0000"})
    assert refusal(again) == (409, "Bot with WhatsApp number whatsapp:+966520000000 already exists")
