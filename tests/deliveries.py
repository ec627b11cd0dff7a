"""Conversations with something to say, and workers that die at a named line."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from bots.models import Bot
from conversations.claims import conversation_to_serve
from conversations.content import AskLocation, Buttons, Choice, Content, Listing, Media, Text
from conversations.models import Conversation, Message
from conversations.outbox import queue

SURE = Buttons("Sure?\nReally?", (Choice("yes", "Yes"), Choice("no", "No")))
MENU = Listing("Choose", "Menu", (Choice("1", "Tea", "hot"), Choice("2", "Water")))
EVERYTHING: list[Content] = [
    Text("مرحبا"),
    SURE,
    MENU,
    Media("https://cdn.example.com/a.jpg", "image/jpeg", "menu"),
    AskLocation("Where?"),
]


class Killed(BaseException):
    """The process is gone at this line."""


def conversation_of(bot: Bot, address: str = "+966550000201") -> Conversation:
    return Conversation.objects.create(
        bot=bot, restaurant=bot.restaurant, customer_address=address, last_message_at=timezone.now()
    )


def said(bot: Bot, *contents: Content, address: str = "+966550000201") -> list[Message]:
    return queue(conversation_of(bot, address), contents or [Text("one"), Text("two")], at=timezone.now())


def after(seconds: float) -> Callable[[], datetime]:
    moment = timezone.now() + timedelta(seconds=seconds)
    return lambda: moment


def statuses(*messages: Message) -> list[str]:
    return list(Message.objects.filter(pk__in=[m.pk for m in messages]).order_by("id").values_list("status", flat=True))


def fresh(message: Message) -> Message:
    return Message.objects.select_related("conversation").get(pk=message.pk)


def dies_at(monkeypatch: pytest.MonkeyPatch, where: object, name: str) -> None:
    """The next call of this name never returns; those after it do."""
    real = getattr(where, name)

    def dying(*_: Any, **__: Any) -> None:
        monkeypatch.setattr(where, name, real)
        raise Killed

    monkeypatch.setattr(where, name, dying)


def provider_bot(bot: Bot) -> Bot:
    """The sender of the world, on the real channel, as read from the database."""
    Bot.objects.filter(pk=bot.pk).update(channel=Bot.Channel.TWILIO)
    return Bot.objects.select_related("restaurant").get(pk=bot.pk)


def serving(message: Message) -> Conversation:
    """The message's conversation, as a worker has it."""
    conversation = conversation_to_serve(message.conversation_id)
    assert conversation
    return conversation
