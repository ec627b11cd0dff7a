"""Conversations over REST: read as they are, marked, handed over."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from bots.models import Bot
from conversations import handoff
from conversations.models import Conversation, Media, Message
from tests.api_calls import CUSTOMER, Caller, at_once, body_of, caller, furnished, refusal
from tests.clock import NOW
from tests.conversations.api_rows import CONVERSATIONS, ids, talks
from tests.jobs import waiting_jobs
from tests.twilio_posts import fixture_named, post, text_from
from tests.world import TOKEN_A, World


@pytest.fixture
def own(world: World) -> Caller:
    return caller(world.a.restaurant)


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
        "needsPerson": False,
        "assigneeId": None,
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
            "createdAt": message.created_at.isoformat().replace("+00:00", "Z"),
            "metadata": {
                "fromPhone": f"whatsapp:{CUSTOMER}",
                "toPhone": f"whatsapp:{world.a.bot.whatsapp_number}",
                "author": "customer",
                "receivedAt": (message.received_at or NOW).isoformat().replace("+00:00", "Z"),
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
    again = own.get(f"/api/conversations{tail}", If_None_Match=old["ETag"])
    assert (again.status_code, again["Deprecation"]) == (304, "@1795305600")


def test_a_refusal_on_an_old_path_says_that_it_is_old(own: Caller, world: World) -> None:
    refused = own.get(f"/api/conversations/{world.a.bot.code}/messages")
    assert (refusal(refused)[0], refused["Deprecation"]) == (404, "@1795305600")
    refused = own.get("/api/conversations?limit=0")
    assert (refusal(refused)[0], refused["Deprecation"]) == (400, "@1795305600")
    assert not own.post(f"/api/conversations/{world.a.bot.code}/messages", {}).has_header("Deprecation")


def test_a_304_counts_and_says_so(own: Caller, world: World) -> None:
    first = own.get(CONVERSATIONS)
    again = own.get(CONVERSATIONS, If_None_Match=first["ETag"])
    assert again.status_code == 304
    assert int(again["X-RateLimit-Remaining"]) == int(first["X-RateLimit-Remaining"]) - 1
    assert (again["X-RateLimit-Limit"], again["X-RateLimit-Reset"] != "") == (first["X-RateLimit-Limit"], True)


def test_what_is_shown_may_be_sent_back_with_a_switch(own: Caller, world: World) -> None:
    row = furnished(world.a).conversation
    shown = body_of(own.get(f"{CONVERSATIONS}/{row.code}"))
    switched = own.post(f"/api/conversations/{row.code}/toggle-bot", {**shown, "enabled": False})
    assert (switched.status_code, body_of(switched)["isBotActive"]) == (200, False)
    read = own.post(f"{CONVERSATIONS}/{row.code}/mark-read", shown)
    assert (read.status_code, body_of(read)["unreadCount"]) == (200, 0)
    unknown = own.post(f"{CONVERSATIONS}/{row.code}/mark-read", {**shown, "read": True})
    assert refusal(unknown) == (400, "Unknown fields: read")


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
def test_handed_back_by_many_at_once_it_is_handed_back_once(world: World) -> None:
    row, token = furnished(world.a).conversation, caller(world.a.restaurant).token
    handoff.take_over(row, None, at=timezone.now())
    path = f"/api/conversations/{row.code}/toggle-bot"
    answers = at_once(lambda n: Caller(token).post(path, {"enabled": True}), 6)
    assert {answer.status_code for answer in answers} == {200}
    assert waiting_jobs().count("talk_again") == 1
