"""Conversations over REST: read as they are, answered, marked, handed over."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from bots.models import Bot
from conversations import handoff
from conversations.models import Conversation, Media, Message
from tests.api_calls import CUSTOMER, Caller, at_once, body_of, caller, furnished, operator_for, refusal
from tests.clock import NOW, later
from tests.jobs import waiting_jobs
from tests.twilio_posts import fixture_named, post, text_from
from tests.world import TOKEN_A, House, World

CONVERSATIONS = "/api/db/conversations"


@pytest.fixture
def own(world: World) -> Caller:
    return caller(world.a.restaurant)


def talks(house: House, many: int, **fields: Any) -> list[Conversation]:
    """Oldest first, a minute apart."""
    return [
        Conversation.objects.create(
            restaurant=house.restaurant,
            bot=house.bot,
            customer_address=f"+9665500{n:05}",
            customer_phone=f"+9665500{n:05}",
            last_message_at=later(minutes=n),
            **fields,
        )
        for n in range(many)
    ]


def said_in(conversation: Conversation, many: int) -> list[Message]:
    return [
        Message.objects.create(
            restaurant=conversation.restaurant,
            bot=conversation.bot,
            conversation=conversation,
            direction="IN",
            author="customer",
            kind="text",
            body=str(n),
            payload={"Body": "as received"},
            provider_sid=uuid4().hex,
            status="received",
            received_at=later(seconds=n),
        )
        for n in range(many)
    ]


def ids(answer: HttpResponse) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [row["id"] for row in body_of(answer)]


def codes(rows: list[Any]) -> list[str]:
    return [str(row.code) for row in rows]


def next_of(answer: HttpResponse) -> str | None:
    link = answer.headers.get("Link")
    if link is None:
        return None
    address, rel = link.split("; ")
    assert rel == 'rel="next"'
    return address.strip("<>").removeprefix("http://testserver")


def paged(who: Caller, path: str) -> list[list[str]]:
    """The ids of every page, from link to link."""
    pages, following = [], path
    while following:
        answer = who.get(following)
        pages.append(ids(answer))
        following = next_of(answer) or ""
    return pages


def test_a_conversation_is_shown_in_full(own: Caller, world: World) -> None:
    row = furnished(world.a).conversation
    [said] = body_of(own.get(CONVERSATIONS))
    assert said == {
        "id": str(row.code),
        "restaurantId": str(world.a.restaurant.code),
        "customerPhone": f"whatsapp:{CUSTOMER}",
        "customerName": "أحمد",
        "status": "active",
        "lastMessageAt": said["lastMessageAt"],
        "unreadCount": 1,
        "isBotActive": True,
        "createdAt": said["createdAt"],
        "updatedAt": said["updatedAt"],
        "botId": str(world.a.bot.code),
    }
    assert body_of(own.get(f"{CONVERSATIONS}/{row.code}")) == said
    assert said["lastMessageAt"] == row.last_message_at.isoformat().replace("+00:00", "Z")


def test_a_hidden_number_shows_the_address(own: Caller, world: World) -> None:
    Conversation.objects.create(
        restaurant=world.a.restaurant, bot=world.a.bot, customer_address="SA.4566546130240823", last_message_at=NOW
    )
    [said] = body_of(own.get(CONVERSATIONS))
    assert (said["customerPhone"], said["customerName"]) == ("whatsapp:SA.4566546130240823", None)


def test_newest_first_page_by_page(own: Caller, world: World) -> None:
    expected = codes(talks(world.a, 7))[::-1]
    talks(world.b, 3)
    assert ids(own.get(CONVERSATIONS)) == expected
    assert paged(own, f"{CONVERSATIONS}?limit=3") == [expected[:3], expected[3:6], expected[6:]]
    assert ids(own.get(f"{CONVERSATIONS}?limit=2&offset=3")) == expected[3:5]
    assert paged(own, f"{CONVERSATIONS}?limit=3&offset=1") == [expected[1:4], expected[4:]]
    assert ids(own.get(f"{CONVERSATIONS}?before={expected[4]}")) == expected[5:]
    assert ids(own.get(f"{CONVERSATIONS}?after={expected[2]}")) == expected[:2]
    assert paged(own, f"{CONVERSATIONS}?limit=2&after={expected[5]}") == [expected[3:5], expected[1:3], expected[:1]]
    between = f"{CONVERSATIONS}?limit=2&after={expected[5]}&before={expected[0]}"
    assert paged(own, between) == [expected[1:3], expected[3:5]]
    assert ids(own.get(f"{CONVERSATIONS}?offset=10000")) == []


def test_a_page_holds_although_a_conversation_moves(own: Caller, world: World) -> None:
    rows = talks(world.a, 4)
    answer = own.get(f"{CONVERSATIONS}?limit=2")
    Conversation.objects.filter(pk=rows[2].pk).update(last_message_at=later(days=1), status="closed")
    assert ids(own.get(next_of(answer) or "")) == codes(rows[:2])[::-1]


def test_the_same_moment_is_no_gap_and_no_double(own: Caller, world: World) -> None:
    rows = talks(world.a, 5)
    Conversation.objects.update(last_message_at=NOW)
    assert paged(own, f"{CONVERSATIONS}?limit=2") == [
        codes(rows[3:])[::-1],
        codes(rows[1:3])[::-1],
        codes(rows[:1]),
    ]


def test_a_status_is_a_choice(own: Caller, world: World) -> None:
    rows = talks(world.a, 4)
    Conversation.objects.filter(pk__in=[rows[0].pk, rows[2].pk]).update(status="closed")
    assert ids(own.get(f"{CONVERSATIONS}?status=closed")) == codes([rows[2], rows[0]])
    assert paged(own, f"{CONVERSATIONS}?status=closed&limit=1") == [codes([rows[2]]), codes([rows[0]])]
    assert ids(own.get(f"{CONVERSATIONS}?status=active")) == codes([rows[3], rows[1]])
    assert len(ids(own.get(f"{CONVERSATIONS}?status="))) == 4
    assert refusal(own.get(f"{CONVERSATIONS}?status=asleep"))[0] == 400


@pytest.mark.parametrize("path", [CONVERSATIONS, "/api/conversations", "messages", "/api/orders"])
def test_pages_have_limits(own: Caller, world: World, path: str) -> None:
    row = furnished(world.a).conversation
    path = f"{CONVERSATIONS}/{row.code}/messages" if path == "messages" else path
    wrong = {
        "limit": ["0", "-1", "201", "10000", "ten", "1.5", "%205", "٥", "1e2", "99999999999999999999", "%00", ""],
        "offset": ["-1", "10001", "99999999999999999999", "x", ""],
        "before": ["%00", "x" * 121],
        "after": ["%00"],
    }
    for name, values in wrong.items():
        for value in values:
            answer = own.get(f"{path}?{name}={value}")
            assert refusal(answer)[0] == 400, (name, value)
            assert set(body_of(answer)["details"]) == {name}
    for name in ("before", "after"):
        for nowhere in (str(uuid4()), "x", "2026-03-14~x", f"never~{row.code}", f"2026-03-14~{row.code}", row.bot.code):
            assert refusal(own.get(f"{path}?{name}={nowhere}")) == (404, f"There is no such place in this list: {name}")
    for right in ("limit=1", "limit=200", "offset=0", "offset=10000", "before=", "after=", "unknown=1"):
        assert own.get(f"{path}?{right}").status_code == 200


def test_a_place_in_anothers_list_is_none(own: Caller, world: World) -> None:
    [theirs] = talks(world.b, 1)
    at = theirs.last_message_at.isoformat().replace("+", "%2B")
    for cursor in (theirs.code, f"{at}~{theirs.code}"):
        assert refusal(own.get(f"{CONVERSATIONS}?before={cursor}"))[0] == 404


def test_the_totals(own: Caller, world: World) -> None:
    assert body_of(own.get(f"{CONVERSATIONS}/stats")) == {
        "totalConversations": 0,
        "activeConversations": 0,
        "totalUnread": 0,
    }
    rows = talks(world.a, 3, unread_count=2)
    talks(world.b, 2, unread_count=5)
    Conversation.objects.filter(pk=rows[0].pk).update(status="closed")
    assert body_of(own.get(f"{CONVERSATIONS}/stats")) == {
        "totalConversations": 3,
        "activeConversations": 2,
        "totalUnread": 6,
    }


def test_a_message_is_shown_in_full(own: Caller, world: World) -> None:
    row = furnished(world.a).conversation
    message = Message.objects.get()
    answer = own.get(f"{CONVERSATIONS}/{row.code}/messages")
    assert body_of(answer) == [
        {
            "id": str(message.code),
            "conversationId": str(row.code),
            "restaurantId": str(world.a.restaurant.code),
            "direction": "IN",
            "messageType": "text",
            "content": "Hello",
            "mediaUrl": None,
            "waSid": message.provider_sid,
            "status": "received",
            "createdAt": (message.received_at or NOW).isoformat().replace("+00:00", "Z"),
            "metadata": {
                "fromPhone": f"whatsapp:{CUSTOMER}",
                "toPhone": f"whatsapp:{world.a.bot.whatsapp_number}",
                "author": "customer",
                "errorCode": None,
                "errorMessage": None,
                "choices": [],
                "choice": None,
                "location": None,
                "media": [],
            },
        }
    ]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("in_20_location_pin", "location"),
        ("in_30_image_caption", "image"),
        ("in_32_voice_note", "audio"),
        ("in_35_document_pdf", "document"),
        ("in_38_two_media", "image"),
        ("in_40_button_quick_reply", "button"),
        ("in_43_list_reply", "list"),
        ("in_08_text_empty_body", "unknown"),
    ],
)
def test_what_is_no_text_is_shown_too(own: Caller, world: World, name: str, kind: str) -> None:
    assert post(fixture_named(name), TOKEN_A).status_code == 200
    row, message = Conversation.objects.get(), Message.objects.get()
    [said] = body_of(own.get(f"{CONVERSATIONS}/{row.code}/messages"))
    files = [part.provider_url for part in Media.objects.order_by("position")]
    assert (said["messageType"], said["content"]) == (kind, message.body)
    assert [part["url"] for part in said["metadata"]["media"]] == files
    assert said["mediaUrl"] == (files[0] if files else None)
    heard = message.content or {}
    assert said["metadata"]["choice"] == heard["choice"]
    if kind == "location":
        place = heard["place"]
        assert said["metadata"]["location"]["latitude"] == pytest.approx(float(place["latitude"]))


def test_what_a_failed_message_says(own: Caller, world: World) -> None:
    row = furnished(world.a).conversation
    choices = [{"id": "a", "title": "A", "description": ""}]
    Message.objects.update(
        direction="OUT",
        author="bot",
        kind="buttons",
        content={"kind": "buttons", "body": "Which?", "choices": choices},
        status="failed",
        error_code="63016",
        error_reason="Outside the window",
    )
    [said] = body_of(own.get(f"{CONVERSATIONS}/{row.code}/messages"))
    meta = said["metadata"]
    assert (meta["fromPhone"], meta["toPhone"]) == (f"whatsapp:{world.a.bot.whatsapp_number}", f"whatsapp:{CUSTOMER}")
    assert (said["status"], meta["errorCode"], meta["errorMessage"]) == ("failed", "63016", "Outside the window")
    assert (said["messageType"], meta["choices"], meta["author"]) == ("buttons", choices, "bot")


def test_the_newest_messages_in_the_order_of_speaking(own: Caller, world: World) -> None:
    [row] = talks(world.a, 1)
    path, expected = f"{CONVERSATIONS}/{row.code}/messages", codes(said_in(row, 7))
    assert ids(own.get(path)) == expected
    assert paged(own, f"{path}?limit=3") == [expected[4:], expected[1:4], expected[:1]]
    assert ids(own.get(f"{path}?limit=2&offset=3")) == expected[2:4]
    assert ids(own.get(f"{path}?before={expected[2]}")) == expected[:2]
    assert ids(own.get(f"{path}?after={expected[4]}")) == expected[5:]
    assert paged(own, f"{path}?limit=2&after={expected[1]}") == [expected[2:4], expected[4:6], expected[6:]]


def test_a_page_has_100_messages_or_50_conversations(own: Caller, world: World) -> None:
    rows = talks(world.a, 51)
    said_in(rows[0], 101)
    assert len(ids(own.get(CONVERSATIONS))) == 50
    assert len(ids(own.get(f"{CONVERSATIONS}/{rows[0].code}/messages"))) == 100
    assert len(ids(own.get(f"{CONVERSATIONS}/{rows[0].code}/messages?limit=200"))) == 101


def test_lists_cost_the_same_for_many(
    own: Caller, world: World, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    rows = talks(world.a, 12)
    said_in(rows[0], 12)
    messages = f"{CONVERSATIONS}/{rows[0].code}/messages"
    own.get(CONVERSATIONS)  # notes the use of the token
    for limit in (1, 12):
        with django_assert_num_queries(2):  # token with restaurant, page
            own.get(f"{CONVERSATIONS}?limit={limit}")
        with django_assert_num_queries(4):  # token, conversation, page, its media
            answer = own.get(f"{messages}?limit={limit}")
    with django_assert_num_queries(2):
        own.get(f"{CONVERSATIONS}/stats")
    answer = own.get(f"{CONVERSATIONS}?limit=3")
    while following := next_of(answer):
        with django_assert_num_queries(3):  # token, place of the cursor, page
            answer = own.get(following)
    operator = operator_for(world.a.restaurant)
    operator.get(CONVERSATIONS)
    with django_assert_num_queries(3):  # token, restaurant, page
        operator.get(CONVERSATIONS)


def test_every_page_costs_the_same(own: Caller, world: World) -> None:
    """The database starts at the cursor's place in the index and reads a page, however many rows lie before."""
    rows = talks(world.a, 600)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE conversations_conversation")
    with CaptureQueriesContext(connection) as seen:
        assert len(ids(own.get(f"{CONVERSATIONS}?before={rows[500].code}&limit=10"))) == 10
    [page] = [query["sql"] for query in seen if "last_message_at" in query["sql"] and "LIMIT 11" in query["sql"]]
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {page}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "conversations_newest" in plan, plan
    assert "Index Cond" in plan, plan
    assert "Sort" not in plan, plan
    dropped = sum(int(count) for count in re.findall(r"Rows Removed by Filter: (\d+)", plan))
    assert dropped < 10, plan  # small tables beside it may be read whole


def test_who_has_it_already_is_told_so(own: Caller, world: World) -> None:
    row = furnished(world.a).conversation
    for path in (CONVERSATIONS, f"{CONVERSATIONS}/{row.code}", f"{CONVERSATIONS}/{row.code}/messages"):
        first = own.get(path)
        again = own.get(path, If_None_Match=first["ETag"])
        assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
        assert "Authorization" in first["Vary"]
    post(text_from(CUSTOMER, world.a.bot, "More"), TOKEN_A)
    changed = own.get(CONVERSATIONS, If_None_Match=first["ETag"])
    assert changed.status_code == 200
    assert refusal(Caller().get(CONVERSATIONS, If_None_Match=changed["ETag"]))[0] == 401


def test_reading_is_not_marking_as_read(own: Caller, world: World) -> None:
    row = Conversation.objects.get(pk=furnished(world.a).conversation.pk)
    for path in ("", f"/{row.code}", f"/{row.code}/messages", "/stats"):
        own.get(CONVERSATIONS + path)
    assert body_of(own.get(f"{CONVERSATIONS}/{row.code}"))["unreadCount"] == 1
    for _ in range(2):
        answer = own.post(f"{CONVERSATIONS}/{row.code}/mark-read")
        assert (answer.status_code, body_of(answer)["unreadCount"]) == (200, 0)
    marked = Conversation.objects.get()
    assert marked.unread_count == 0
    assert marked.version > row.version


@pytest.mark.parametrize("path", ["", "/{}/messages"])
def test_the_old_paths_say_the_same_and_that_they_are_old(own: Caller, world: World, path: str) -> None:
    tail = path.format(furnished(world.a).conversation.code)
    new, old = own.get(CONVERSATIONS + tail), own.get(f"/api/conversations{tail}")
    assert old.content == new.content
    assert old["Deprecation"] == "@1795305600"
    assert not new.has_header("Deprecation")


def test_a_reply_is_queued_as_staff(own: Caller, world: World) -> None:
    row = furnished(world.a).conversation
    path = f"/api/conversations/{row.code}/messages"
    answer = own.post(path, {"content": "On our way\nnow"})
    said, message = body_of(answer), Message.objects.get(direction="OUT")
    assert answer.status_code == 201
    assert (message.author, message.author_user, message.status) == ("staff", None, "queued")
    assert (said["id"], said["content"], said["messageType"]) == (str(message.code), "On our way\nnow", "text")
    assert (said["direction"], said["status"], said["waSid"]) == ("OUT", "queued", None)
    assert waiting_jobs().count("deliver") == 1
    assert body_of(own.get(path))[-1] == said
    row.refresh_from_db()
    assert (row.is_bot_active, row.unread_count) == (True, 1)
    assert not answer.has_header("Deprecation")


@pytest.mark.parametrize(
    ("sent", "mime", "kind"),
    [
        ({"mediaUrl": "https://cdn.example.com/menu.jpg"}, "image/jpeg", "image"),
        ({"mediaUrl": "https://cdn.example.com/menu.pdf?x=1", "content": "Menu"}, "application/pdf", "document"),
        ({"mediaUrl": "https://cdn.example.com/a", "messageType": "image"}, "image/*", "image"),
        ({"mediaUrl": "https://cdn.example.com/a", "messageType": "media"}, "", "media"),
        ({"mediaUrl": "https://cdn.example.com/a.mp3", "messageType": "video"}, "video/*", "video"),
    ],
)
def test_a_file_is_queued_with_its_caption(
    own: Caller, world: World, sent: dict[str, str], mime: str, kind: str
) -> None:
    row = furnished(world.a).conversation
    answer = own.post(f"/api/conversations/{row.code}/messages", sent)
    said, message = body_of(answer), Message.objects.get(direction="OUT")
    assert answer.status_code == 201, answer.content
    assert message.content == {
        "kind": "media",
        "url": sent["mediaUrl"],
        "mime": mime,
        "caption": sent.get("content", ""),
    }
    assert (said["mediaUrl"], said["messageType"], said["content"]) == (sent["mediaUrl"], kind, sent.get("content", ""))


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({}, "content"),
        ({"content": ""}, "content"),
        ({"content": " \n"}, "content"),
        ({"content": "x" * 1601}, "content"),
        ({"content": "x" * 1025, "mediaUrl": "https://cdn.example.com/a.jpg"}, "content"),
        ({"content": "x", "messageType": "image"}, "mediaUrl"),
        ({"content": "x", "messageType": "sticker"}, "messageType"),
        ({"messageType": "text", "mediaUrl": "https://cdn.example.com/a.jpg"}, "messageType"),
        ({"mediaUrl": "http://cdn.example.com/a.jpg"}, "mediaUrl"),
        ({"mediaUrl": "https://"}, "mediaUrl"),
        ({"mediaUrl": "javascript:alert(1)"}, "mediaUrl"),
        ({"mediaUrl": "file:///etc/passwd"}, "mediaUrl"),
        ({"mediaUrl": "https://cdn.example.com/" + "x" * 2000}, "mediaUrl"),
        ({"text": "x"}, "text"),
    ],
)
def test_what_cannot_be_said_is_refused(own: Caller, world: World, sent: dict[str, str], field: str) -> None:
    row = furnished(world.a).conversation
    answer = own.post(f"/api/conversations/{row.code}/messages", sent)
    assert refusal(answer)[0] == 400
    assert set(body_of(answer)["details"]) == {field}
    assert not Message.objects.filter(direction="OUT").exists()


def test_a_message_may_be_sent_back_as_it_was_shown(own: Caller, world: World) -> None:
    path = f"/api/conversations/{furnished(world.a).conversation.code}/messages"
    shown = body_of(own.post(path, {"content": "Hello"}))
    again = own.post(path, shown)
    assert (again.status_code, body_of(again)["id"] == shown["id"]) == (201, False)


def test_a_retired_senders_history_stays_readable(own: Caller, world: World) -> None:
    row = furnished(world.a).conversation
    Bot.objects.filter(pk=world.a.bot.pk).update(retired_at=timezone.now(), is_active=False)
    assert ids(own.get(CONVERSATIONS)) == [str(row.code)]
    assert len(ids(own.get(f"{CONVERSATIONS}/{row.code}/messages"))) == 1


def test_the_bot_is_switched_off_and_on(own: Caller, world: World) -> None:
    row = furnished(world.a).conversation
    path = f"/api/conversations/{row.code}/toggle-bot"
    assert body_of(own.post(path, {"enabled": False}))["isBotActive"] is False
    off = Conversation.objects.get()
    assert (off.is_bot_active, off.assigned_to, off.handoff_until) == (False, None, None)
    for _ in range(2):
        assert body_of(own.post(path, {"enabled": True}))["isBotActive"] is True
    assert waiting_jobs().count("talk_again") == 1
    assert refusal(own.post(path, {"enabled": 0}))[0] == 400
    assert refusal(own.post(path, {"enabled": "false"}))[0] == 400
    assert Conversation.objects.get().is_bot_active


def test_switching_off_takes_nothing_from_a_person(own: Caller, world: World) -> None:
    row = furnished(world.a).conversation
    handoff.take_over(row, world.a.agent, at=timezone.now())
    own.post(f"/api/conversations/{row.code}/toggle-bot", {"enabled": False})
    assert Conversation.objects.get().assigned_to == world.a.agent


def test_switching_off_outlasts_the_wait_for_staff(own: Caller, world: World) -> None:
    row = furnished(world.a).conversation
    Conversation.objects.update(is_bot_active=False, handoff_until=timezone.now() + timedelta(hours=1))
    own.post(f"/api/conversations/{row.code}/toggle-bot", {"enabled": False})
    assert Conversation.objects.get().handoff_until is None


@pytest.mark.django_db(transaction=True)
def test_many_replies_at_once_are_all_queued_in_one_order(world: World) -> None:
    row, token = furnished(world.a).conversation, caller(world.a.restaurant).token
    path = f"/api/conversations/{row.code}/messages"
    answers = at_once(lambda n: Caller(token).post(path, {"content": f"reply {n}"}), 8)
    assert {answer.status_code for answer in answers} == {201}
    queued = list(Message.objects.filter(direction="OUT").order_by("id").values_list("body", flat=True))
    assert sorted(queued) == [f"reply {n}" for n in range(8)]
    assert [said["content"] for said in body_of(Caller(token).get(path))][1:] == queued


@pytest.mark.django_db(transaction=True)
def test_handed_back_by_many_at_once_it_is_handed_back_once(world: World) -> None:
    row, token = furnished(world.a).conversation, caller(world.a.restaurant).token
    handoff.take_over(row, None, at=timezone.now())
    path = f"/api/conversations/{row.code}/toggle-bot"
    answers = at_once(lambda n: Caller(token).post(path, {"enabled": True}), 6)
    assert {answer.status_code for answer in answers} == {200}
    assert waiting_jobs().count("talk_again") == 1


def test_texts_come_back_as_they_were(own: Caller, world: World) -> None:
    path = f"/api/conversations/{furnished(world.a).conversation.code}/messages"
    for text in ("مرحبا 👋🏽", " padded ", "<script>alert(1)</script>", '"quoted" \\ back', "e\u0301", "\u200f٣"):
        answer = own("POST", path, raw=json.dumps({"content": text}))
        assert body_of(answer)["content"] == text
        assert body_of(own.get(path))[-1]["content"] == text
