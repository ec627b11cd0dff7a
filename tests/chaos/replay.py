"""One conversation once more, in memory: its stored messages through the pure engine, its effects answered from what
was stored. What comes out must be what the database holds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from conversations.content import Content, to_json
from conversations.models import Message
from orders.menu import Menu
from orders.models import Order
from sessions_state.dialogue.codec import decode, encode
from sessions_state.dialogue.effects import Effect, FindOrders, HandOver, PlaceOrder
from sessions_state.dialogue.events import Event, HandedBack, OrderPlaced, OrderRefused, OrdersFound, Silence
from sessions_state.dialogue.machine import calls_bot, take_turn
from sessions_state.dialogue.state import State
from sessions_state.effects import order_seen
from sessions_state.hearing import event_of

Json = dict[str, Any]


@dataclass
class Replay:
    """`orders` are the stored orders by the message whose turn placed them. `replies` and `placed` are by message.

    `silent_at` is when the next silence begins, as `turns.py` reckons it.
    """

    menu: Menu
    idle: timedelta
    orders: Mapping[int, Order]
    state: State = field(default_factory=State)
    silent_at: datetime | None = None
    bot_speaks: bool = True
    replies: dict[int, list[Json]] = field(default_factory=dict)
    placed: dict[int, PlaceOrder] = field(default_factory=dict)
    silences: int = 0

    def play(self, messages: Sequence[Message]) -> None:
        for message in messages:
            said: list[Content] = []
            event = self._event(message)
            if event is not None:
                at = _time_of(message)
                self.pass_time(at)
                self._hear(event, message, said)
                self.silent_at = at + self.idle
            self.replies[message.pk] = [to_json(content) for content in said]

    def pass_time(self, now: datetime) -> None:
        """A silence whose deadline has come is heard, once."""
        if self.silent_at is not None and self.silent_at <= now:
            self.state = _through_json(take_turn(self.state, Silence(at=self.silent_at), self.menu).state)
            self.silent_at, self.silences = None, self.silences + 1

    @property
    def stored_state(self) -> Json:
        return encode(self.state)

    def _event(self, message: Message) -> Event | None:
        """Where staff were called nobody comes in these plays: the bot is silent until it is called back."""
        if self.bot_speaks:
            return event_of(message)
        if calls_bot(message.body):
            self.bot_speaks = True
            return HandedBack(at=_time_of(message))
        return None

    def _hear(self, event: Event, message: Message, said: list[Content]) -> None:
        turn = take_turn(self.state, event, self.menu)
        self.state = _through_json(turn.state)
        said += turn.replies
        for effect in turn.effects:
            answer = self._answer(effect, message)
            if answer is not None:
                self._hear(answer, message, said)

    def _answer(self, effect: Effect, message: Message) -> Event | None:
        at = _time_of(message)
        match effect:
            case PlaceOrder():
                self.placed[message.pk] = effect
                order = self.orders.get(message.pk)
                return OrderPlaced(at, order_seen(order)) if order else OrderRefused(at, "closed")
            case FindOrders():
                until_now = [order for turn, order in sorted(self.orders.items()) if turn <= message.pk]
                return OrdersFound(at, tuple(order_seen(order) for order in reversed(until_now)))
            case HandOver():
                self.bot_speaks = False
        return None


def _time_of(message: Message) -> datetime:
    return message.received_at or message.created_at


def _through_json(state: State) -> State:
    """As it would come back from the database."""
    return decode(json.loads(json.dumps(encode(state))))
