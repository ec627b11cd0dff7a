"""Conversations and messages as rows, for tests of what the pages show."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from conversations.models import Conversation, Message
from tests.world import House, fresh_sid


def make_conversation(
    house: House, name: str = "Sara", phone: str | None = "+966508034010", **fields: Any
) -> Conversation:
    """Somebody who wrote a minute ago, and nobody has answered."""
    at = fields.pop("at", timezone.now() - timedelta(minutes=1))
    address = fields.pop("customer_address", phone or f"SA.{fresh_sid()}")
    return Conversation.objects.create(
        restaurant=house.restaurant,
        bot=house.bot,
        customer_address=address,
        customer_phone=phone,
        customer_name=name,
        last_message_at=at,
        last_inbound_at=at,
        **fields,
    )


def make_inbound(conversation: Conversation, body: str = "Hello", **fields: Any) -> Message:
    return _message(conversation, "IN", "customer", "received", body, provider_sid=fresh_sid(), **fields)


def make_outbound(conversation: Conversation, body: str = "Welcome", **fields: Any) -> Message:
    author, status = fields.pop("author", "bot"), fields.pop("status", "delivered")
    return _message(conversation, "OUT", author, status, body, **fields)


def _message(conversation: Conversation, direction: str, author: str, status: str, body: str, **fields: Any) -> Message:
    at: datetime = fields.pop("at", timezone.now())
    message = Message.objects.create(
        restaurant=conversation.restaurant,
        bot=conversation.bot,
        conversation=conversation,
        direction=direction,
        author=author,
        status=status,
        body=body,
        kind=fields.pop("kind", "text"),
        received_at=at if direction == "IN" else None,
        **fields,
    )
    Message.objects.filter(pk=message.pk).update(created_at=at)
    return message
