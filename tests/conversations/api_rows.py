"""Rows for the lists of the API, and its pages from link to link."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.http import HttpResponse

from conversations.models import Conversation, Message
from tests.api_calls import Caller, body_of
from tests.clock import later
from tests.world import House

CONVERSATIONS = "/api/db/conversations"


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
