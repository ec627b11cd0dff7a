"""Silence, orders that move on, and staff: what the world tells the talk."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from conversations.content import (
    Listing,
    Text,
    body_of,
)
from orders.cart import Cart, Line
from sessions_state.dialogue.effects import HandOver, RateOrder
from sessions_state.dialogue.events import OrderChanged, OrderPlaced, OrderSeen, OrdersFound, SharedPlace, Silence
from sessions_state.dialogue.machine import calls_bot, take_turn
from sessions_state.dialogue.state import STEPS as NAMES
from sessions_state.dialogue.state import Place, State
from tests.sessions_state.dialogue.menus import DEMO, removed
from tests.sessions_state.dialogue.talk import PICKUP, START, Talk, body, confirming, ordering


@pytest.mark.parametrize("step", NAMES)
def test_silence_keeps_the_cart_and_says_nothing(step: str) -> None:
    state = replace(PICKUP, step=step, cart=Cart((Line("pepsi", 2),)), cart_at=START, misses=2)
    turn = take_turn(state, Silence(START + timedelta(hours=1)), DEMO)
    assert turn.replies == () and turn.effects == ()
    assert turn.state == State(language="en", kept=Cart((Line("pepsi", 2),)), kept_at=START)
    again = take_turn(turn.state, Silence(START + timedelta(hours=2)), DEMO)
    assert again.state == turn.state


@pytest.mark.parametrize(("hours", "offered"), [(24, True), (24.1, False)])
def test_a_kept_cart_is_offered_for_cart_hours(hours: float, offered: bool) -> None:
    state = State(language="en", kept=Cart((Line("pepsi", 2),)), kept_at=START)
    talk = Talk(state=state, at=START + timedelta(hours=hours))
    talk.says("hello")
    assert ("kept:use" in {offer.id for offer in talk.state.offers}) is offered
    assert bool(talk.state.kept) is offered


def test_a_kept_cart_of_vanished_items_is_not_offered() -> None:
    state = State(language="en", kept=Cart((Line("pepsi", 2),)), kept_at=START)
    talk = Talk(removed(DEMO, "pepsi"), state)
    talk.says("hello")
    assert "kept:use" not in {offer.id for offer in talk.state.offers}
    talk.says("yes")
    assert talk.state.step == "choosing_order_type"


def test_orders_news_leaves_an_order_in_progress_alone() -> None:
    talk = ordering()
    talk.says("menu")
    before = talk.state
    order = OrderSeen("o1", 1, "delivered", "delivery", Decimal(1), "SAR")
    turn = take_turn(before, OrderChanged(START, order), DEMO)
    assert turn.state == before and [type(content) for content in turn.replies] == [Text]


@pytest.mark.parametrize("step", ["welcome", "tracking", "rating"])
def test_a_received_order_is_rated_by_the_idle(step: str) -> None:
    talk = Talk(state=State(step=step, language="en"))
    order = OrderSeen("o1", 1, "picked_up", "pickup", Decimal(1), "SAR")
    talk.hears(OrderChanged(START, order))
    talk.says("5")
    assert talk.done == [RateOrder("o1", 5)] and talk.state.rating_order is None


def test_stars_of_an_older_question_rate_no_other_order() -> None:
    talk = Talk(state=State(step="tracking", language="en"))
    for code in ("o1", "o2"):
        talk.hears(OrderChanged(START, OrderSeen(code, 1, "delivered", "delivery", Decimal(1), "SAR")))
    talk.says("⭐⭐⭐⭐⭐ Excellent", "rate:5:o1")
    assert talk.done == []
    talk.says("excellent")
    assert talk.done == [RateOrder("o2", 5)]


def test_the_last_closed_order_is_told_when_none_is_open() -> None:
    closed = OrderSeen("o2", 2, "delivered", "delivery", Decimal(1), "SAR")
    older = OrderSeen("o1", 1, "cancelled", "delivery", Decimal(1), "SAR")
    turn = take_turn(State(language="en"), OrdersFound(START, (closed, older)), DEMO)
    assert "*2*" in body_of(turn.replies[0]) and "*1*" not in body_of(turn.replies[0])


def test_finding_orders_asks_the_open_question_again() -> None:
    talk = Talk()
    for words in ("menu", "drinks"):
        talk.says(words)
    before = talk.state
    talk.says("where is my order")
    assert talk.state == before and isinstance(talk.said[-1], Listing)


def test_a_person_who_was_offered_after_misses_comes_as_misunderstood() -> None:
    talk = ordering()
    for _ in range(3):
        talk.says("zzzzz")
    talk.says("1")
    assert talk.done == [HandOver("misunderstood")] and talk.state.cart
    talk.handed_back()
    talk.says("staff")
    assert talk.done[-1] == HandOver("asked")


def test_words_that_reach_the_staff_step_find_the_bot_back() -> None:
    talk = Talk(state=replace(PICKUP, step="with_staff", cart=Cart((Line("pepsi", 2),))))
    talk.says("hmm")
    assert talk.state.step == "reviewing_cart" and talk.said


@pytest.mark.parametrize(("text", "calls"), [("bot", True), ("*بوت*", True), ("البوت", True), ("robot food", False)])
def test_calls_bot(text: str, calls: bool) -> None:
    assert calls_bot(text) is calls


def test_the_state_after_an_order_hangs_on_no_number() -> None:
    talk = confirming()
    orders = [OrderSeen(f"o{n}", n, "placed", "pickup", Decimal(n), "SAR") for n in (1, 2)]
    states = {repr(take_turn(talk.state, OrderPlaced(START, order), talk.menu).state) for order in orders}
    assert len(states) == 1


def test_a_place_that_reaches_the_staff_step_is_answered() -> None:
    turn = take_turn(replace(PICKUP, step="with_staff"), SharedPlace(START, Place(Decimal(24), Decimal(46))), DEMO)
    assert turn.state.step == "welcome" and turn.replies


def test_a_voice_note_that_reaches_the_staff_step_is_answered() -> None:
    talk = Talk(state=replace(PICKUP, step="with_staff"))
    talk.sends("audio")
    assert talk.state.step == "welcome" and "voice notes" in body(talk)
