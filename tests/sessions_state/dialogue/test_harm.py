"""What a careless reading of a few words would cost: a cart, an order, a rating, or a talk without end."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orders.cart import Cart, Line
from sessions_state.dialogue.effects import HandOver, RateOrder
from sessions_state.dialogue.loops import MISSES_MOST, REPEATS_MOST
from tests.sessions_state.dialogue.talk import PICKUP, Talk, confirming, ordering, placed

TWO_PEPSI = Cart((Line("pepsi", 2),))


@pytest.mark.parametrize("said", ["3", "٣", "three", "ثلاثة", "3 pcs", "٣ حبات"])
def test_a_number_at_the_cart_is_asked_about(said: str) -> None:
    talk = ordering()
    talk.says("cart")
    talk.says(said)
    assert talk.state.cart == TWO_PEPSI
    talk.taps("3 × Pepsi")
    assert talk.state.cart == Cart((Line("pepsi", 3),))


@pytest.mark.parametrize("said", ["one", "one only", "واحد", "وحده بس", "three"])
def test_a_number_word_at_the_confirmation_neither_orders_nor_cancels(said: str) -> None:
    talk = confirming()
    talk.says(said)
    assert placed(talk) == 0 and talk.state.cart == TWO_PEPSI and talk.state.step == "confirming"


def test_the_number_of_the_confirm_button_orders() -> None:
    talk = confirming()
    talk.says("1")
    assert placed(talk) == 1


def test_what_a_number_may_have_meant_stands_below_the_lines() -> None:
    talk = confirming()
    talk.says("3")
    assert [offer.id for offer in talk.state.offers] == ["set:3:pepsi", "go:cancel"]
    talk.says("2")
    assert not talk.state.cart


def test_an_old_count_changes_nothing() -> None:
    talk = ordering()
    talk.says("cart")
    talk.says("3")
    old = talk.state.offers[0]
    talk.says("menu")
    talk.says(old.title, old.id)
    assert talk.state.cart == TWO_PEPSI


@pytest.mark.parametrize("said", ["ابغى المدير", "المدير", "I want the manager", "كلم المسؤول"])
def test_who_asks_for_the_manager_gets_a_person(said: str) -> None:
    talk = ordering(step="choosing_payment")
    talk.says(said)
    assert talk.done == [HandOver("asked")] and talk.state.payment is None


@pytest.mark.parametrize("said", ["مدير", "كاس", "wisa"])
def test_a_word_that_is_nearly_a_way_to_pay_is_none(said: str) -> None:
    talk = ordering(step="choosing_payment")
    talk.says(said)
    assert talk.state.payment is None


@pytest.mark.parametrize("said", ["👍", "👌", "ok", "👍👍"])
def test_a_thumb_is_no_rating(said: str) -> None:
    talk = Talk(state=replace(PICKUP, step="rating", rating_order="order-1"))
    talk.says(said)
    assert not [effect for effect in talk.done if isinstance(effect, RateOrder)] and talk.state.step == "rating"


def test_after_so_many_misses_in_a_row_a_person_is_called_once() -> None:
    talk = ordering()
    for n in range(MISSES_MOST):
        talk.says(f"zzz{'q' * n}")
    assert talk.done == [HandOver("looping")] and talk.state.step == "with_staff"
    assert talk.state.cart == TWO_PEPSI, "the cart is still there when the talk is given back"


def test_after_the_same_words_so_many_times_a_person_is_called() -> None:
    talk = Talk()
    for n in range(REPEATS_MOST):
        talk.says(f"Hello {n}")
        assert talk.done == ([HandOver("looping")] if n == REPEATS_MOST - 1 else [])


def test_who_uses_a_list_again_and_again_goes_round_nowhere() -> None:
    talk = Talk()
    for _ in range(REPEATS_MOST * 2):
        talk.says("menu")
        talk.says("1")
    assert talk.done == []
