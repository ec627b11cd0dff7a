"""All that a run left behind, read once everything is quiet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from functools import cached_property
from typing import Any

from conversations.models import Conversation, Message
from orders.catalogue import menu_of
from orders.menu import Menu
from orders.models import Order
from sessions_state.models import BotSession
from tests.chaos.replay import Replay

Sent = dict[str, Any]
"""A message as the fake Twilio accepted it: the fields of `tests.fake_account.Sent`."""


class Evidence:
    """All rows of the run, and what the fake Twilio accepted (None where the channel is the simulator)."""

    def __init__(self, taken: set[tuple[int, str]], sent: list[Sent] | None) -> None:
        self.taken, self.sent = taken, sent
        self.messages = list(Message.objects.order_by("id"))
        self.sessions = {session.conversation_id: session for session in BotSession.objects.all()}
        self.conversations = list(Conversation.objects.select_related("bot", "restaurant"))
        self.orders = list(Order.objects.select_related("branch", "restaurant").prefetch_related("lines__item"))
        self.menus: dict[int, Menu] = {}

    @cached_property
    def inbound(self) -> dict[int, list[Message]]:
        return _by_conversation(message for message in self.messages if message.direction == "IN")

    @cached_property
    def outbound(self) -> dict[int, list[Message]]:
        return _by_conversation(message for message in self.messages if message.direction == "OUT")

    @cached_property
    def replays(self) -> dict[int, Replay]:
        return {conversation.pk: self._replayed(conversation) for conversation in self.conversations}

    def _replayed(self, conversation: Conversation) -> Replay:
        theirs = {
            order.placed_by_turn: order
            for order in self.orders
            if order.conversation_id == conversation.pk and order.placed_by_turn
        }
        idle = timedelta(minutes=conversation.restaurant.session_idle_minutes)
        replay = Replay(self.menu_of(conversation), idle, theirs)
        replay.play(self.inbound.get(conversation.pk, []))
        session = self.sessions.get(conversation.pk)
        if session is not None and session.expires_at is None and replay.silent_at is not None:
            replay.pass_time(max(replay.silent_at, session.updated_at))
        return replay

    def menu_of(self, conversation: Conversation) -> Menu:
        """No menu changes during a run."""
        if conversation.bot_id not in self.menus:
            bot = conversation.bot
            self.menus[bot.pk] = menu_of(
                conversation.restaurant, support_contact=bot.support_contact, payment_link=bot.payment_link
            )
        return self.menus[conversation.bot_id]


def _by_conversation(messages: Iterable[Message]) -> dict[int, list[Message]]:
    found: dict[int, list[Message]] = defaultdict(list)
    for message in messages:
        found[message.conversation_id].append(message)
    return found
