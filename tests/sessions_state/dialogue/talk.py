"""One customer's talk with a world that answers: what transcripts and other tests play."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Literal

from conversations.content import Choice, Content, body_of, choices_of
from orders.cart import Cart, Line
from orders.menu import Menu
from orders.pricing import price
from sessions_state.dialogue import codec
from sessions_state.dialogue.effects import Effect, FindOrders, HandOver, PlaceOrder, RateOrder
from sessions_state.dialogue.events import (
    Event,
    HandedBack,
    OrderChanged,
    OrderPlaced,
    OrderRefused,
    OrderSeen,
    OrdersFound,
    OrderStatus,
    Said,
    SentMedia,
    SharedPlace,
    Silence,
)
from sessions_state.dialogue.machine import take_turn
from sessions_state.dialogue.state import Place, State
from tests.sessions_state.dialogue.menus import DEMO

START = datetime(2026, 3, 1, 18, 0, tzinfo=UTC)
Refusal = Literal["gone", "minimum", "branch", "closed"]


@dataclass
class Talk:
    """`said` are the contents of the last turn, `shown` every choice that was ever on a screen, newest last."""

    menu: Menu = DEMO
    state: State = field(default_factory=State)
    at: datetime = START
    said: tuple[Content, ...] = ()
    done: list[Effect] = field(default_factory=list)
    shown: list[Choice] = field(default_factory=list)
    orders: list[OrderSeen] = field(default_factory=list)
    refuses_next: Refusal | None = None
    name: str = ""

    def hears(self, event: Event) -> tuple[Content, ...]:
        """The event through the engine, the effects through the world, the state through JSON."""
        turn = take_turn(self.state, event, self.menu)
        self.state = codec.decode(json.loads(json.dumps(codec.encode(turn.state))))
        assert self.state == turn.state
        self.said = turn.replies
        self.shown += [choice for content in turn.replies for choice in choices_of(content)]
        self.done += turn.effects
        for effect in turn.effects:
            answer = self._answer(effect)
            if answer is not None:
                before = self.said
                self.hears(answer)
                self.said = before + self.said
        return self.said

    def _answer(self, effect: Effect) -> Event | None:
        match effect:
            case FindOrders():
                return OrdersFound(self.at, tuple(reversed(self.orders)))
            case PlaceOrder():
                return self._place(effect)
            case HandOver() | RateOrder():
                return None

    def _place(self, effect: PlaceOrder) -> Event:
        if self.refuses_next is not None:
            reason, self.refuses_next = self.refuses_next, None
            return OrderRefused(self.at, reason)
        number = len(self.orders) + 1
        total = price(effect.cart, self.menu).total
        order = OrderSeen(f"order-{number}", number, "placed", effect.order_type, total, self.menu.currency)
        self.orders.append(order)
        return OrderPlaced(self.at, order)

    def says(self, text: str, choice: str | None = None) -> tuple[Content, ...]:
        return self.hears(Said(self.at, text, choice, self.name))

    def taps(self, title: str, older: bool = False) -> tuple[Content, ...]:
        """A tap on the newest choice with that title; `older` skips those of the last turn."""
        last = {choice.id for content in self.said for choice in choices_of(content)} if older else set()
        found = next(c for c in reversed(self.shown) if plain(c.title) == plain(title) and c.id not in last)
        return self.says(found.title, found.id)

    def shares(self, latitude: str, longitude: str, address: str = "") -> tuple[Content, ...]:
        return self.hears(SharedPlace(self.at, Place(Decimal(latitude), Decimal(longitude), address)))

    def sends(self, kind: str, caption: str = "") -> tuple[Content, ...]:
        return self.hears(SentMedia(self.at, kind, caption))

    def passes(self, minutes: int) -> None:
        """Time; more than half an hour of it is a silence."""
        if minutes >= 30:
            self.hears(Silence(self.at + timedelta(minutes=30)))
        self.at += timedelta(minutes=minutes)

    def order_becomes(self, number: int, status: OrderStatus) -> tuple[Content, ...]:
        self.orders[number - 1] = replace(self.orders[number - 1], status=status)
        return self.hears(OrderChanged(self.at, self.orders[number - 1]))

    def handed_back(self, unanswered: bool = False) -> tuple[Content, ...]:
        return self.hears(HandedBack(self.at, unanswered))


def plain(title: str) -> str:
    """Without the marks that cannot be seen."""
    return title.replace("\u200f", "").replace("\u00a0", " ").replace("\ufe0f", "").strip()


PICKUP = State(language="en", order_type="pickup", branch_id="olaya")


def ordering(menu: Menu = DEMO, step: str = "reviewing_cart", cart: Cart = Cart((Line("pepsi", 2),))) -> Talk:
    """Somebody with two Pepsi, who picks up at Olaya."""
    return Talk(menu, replace(PICKUP, step=step, cart=cart, cart_at=START))


def confirming() -> Talk:
    talk = ordering()
    talk.says("checkout")
    talk.says("cash")
    assert talk.state.step == "confirming"
    return talk


def body(talk: Talk) -> str:
    return "\n\n".join(body_of(content) for content in talk.said)


def placed(talk: Talk) -> int:
    return sum(isinstance(effect, PlaceOrder) for effect in talk.done)
