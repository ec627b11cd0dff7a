"""What staff say over REST."""

from __future__ import annotations

import json

import pytest

from conversations.models import Message
from tests.api_calls import Caller, at_once, body_of, caller, furnished, refusal
from tests.jobs import waiting_jobs
from tests.world import World


@pytest.fixture
def own(world: World) -> Caller:
    return caller(world.a.restaurant)


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


@pytest.mark.django_db(transaction=True)
def test_many_replies_at_once_are_all_queued_in_one_order(world: World) -> None:
    row, token = furnished(world.a).conversation, caller(world.a.restaurant).token
    path = f"/api/conversations/{row.code}/messages"
    answers = at_once(lambda n: Caller(token).post(path, {"content": f"reply {n}"}), 8)
    assert {answer.status_code for answer in answers} == {201}
    queued = list(Message.objects.filter(direction="OUT").order_by("id").values_list("body", flat=True))
    assert sorted(queued) == [f"reply {n}" for n in range(8)]
    assert [said["content"] for said in body_of(Caller(token).get(path))][1:] == queued


def test_texts_come_back_as_they_were(own: Caller, world: World) -> None:
    path = f"/api/conversations/{furnished(world.a).conversation.code}/messages"
    for text in ("مرحبا 👋🏽", " padded ", "<script>alert(1)</script>", '"quoted" \\ back', "e\u0301", "\u200f٣"):
        answer = own("POST", path, raw=json.dumps({"content": text}))
        assert body_of(answer)["content"] == text
        assert body_of(own.get(path))[-1]["content"] == text


def test_null_is_nothing_where_nothing_may_stand(own: Caller, world: World) -> None:
    path = f"/api/conversations/{furnished(world.a).conversation.code}/messages"
    words = own.post(path, {"content": "Hello", "messageType": None, "mediaUrl": None})
    assert (words.status_code, body_of(words)["content"]) == (201, "Hello")
    file = own.post(path, {"content": None, "mediaUrl": "https://cdn.example.com/a.jpg"})
    assert (file.status_code, body_of(file)["content"]) == (201, "")
    assert refusal(own.post(path, {"content": None})) == (400, "Missing required fields: content")
