"""Our words to Twilio's: the parameters of a message."""

from __future__ import annotations

from typing import Any

import pytest

from bots.models import Bot
from conversations.content import AskLocation, Buttons, Choice, Content, ContentError, Listing, Media, Template, Text
from conversations.content import to_json as content_json
from conversations.models import Conversation, Message
from conversations.wire import parameters_of
from tests.world import NUMBER_A

CUSTOMER = "+966550000201"


def _outbound(content: Content | None, body: str = "") -> Message:
    conversation = Conversation(customer_address=CUSTOMER)
    return Message(conversation=conversation, content=content_json(content) if content else None, body=body)


def _parameters(content: Content | None, callback: str = "", **more: Any) -> dict[str, Any]:
    message = _outbound(content, more.pop("body", ""))
    return parameters_of(Bot(whatsapp_number=NUMBER_A), message, callback, **more)


ENVELOPE = {"to": f"whatsapp:{CUSTOMER}", "from_": f"whatsapp:{NUMBER_A}", "validity_period": 3600}


def test_texts_go_out_as_they_are() -> None:
    assert _parameters(Text("مرحبا")) == {**ENVELOPE, "body": "مرحبا"}
    assert _parameters(AskLocation("Where?")) == {**ENVELOPE, "body": "Where?"}
    assert _parameters(None, body="an old row") == {**ENVELOPE, "body": "an old row"}


def test_a_status_callback_is_named_where_there_is_one() -> None:
    assert _parameters(Text("x"), "https://bot.example.com/s")["status_callback"] == "https://bot.example.com/s"


def test_media_go_out_by_address() -> None:
    assert _parameters(Media("https://x.example/a.jpg", caption="menu")) == {
        **ENVELOPE,
        "media_url": ["https://x.example/a.jpg"],
        "body": "menu",
    }
    assert "body" not in _parameters(Media("https://x.example/a.jpg"))


def test_choices_go_out_by_resource_or_as_numbered_text() -> None:
    sure = Buttons("Sure?", (Choice("yes", "Yes"), Choice("no", "No")))
    assert _parameters(sure) == {**ENVELOPE, "body": "Sure?\n1. Yes\n2. No"}
    assert _parameters(sure, content_sid="HX1", variables={"1": "متأكد؟"}) == {
        **ENVELOPE,
        "content_sid": "HX1",
        "content_variables": '{"1": "متأكد؟"}',
    }
    menu = Listing("Choose", "Menu", (Choice("1", "Tea", "hot"),))
    assert _parameters(menu)["body"] == "Choose\n1. Tea — hot"


def test_a_template_needs_its_resource() -> None:
    assert _parameters(Template("ready", "ar"), content_sid="HX1") == {**ENVELOPE, "content_sid": "HX1"}
    with pytest.raises(ContentError):
        _parameters(Template("ready", "ar"))


@pytest.mark.parametrize(
    "broken",
    [
        {"kind": "?"},
        {"kind": "text"},
        {"kind": "text", "body": ""},
        {"kind": "buttons", "body": "x", "choices": [1]},
        ["x"],
    ],
)
def test_broken_content_says_so(broken: Any) -> None:
    message = _outbound(None)
    message.content = broken
    with pytest.raises(ContentError):
        parameters_of(Bot(whatsapp_number=NUMBER_A), message, "")
