"""From the order type to the confirmed order: what is asked, and what is never ordered."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from conversations.content import (
    AskLocation,
)
from orders.cart import Cart, Line
from sessions_state.dialogue.effects import PlaceOrder
from sessions_state.dialogue.events import Said
from sessions_state.dialogue.machine import take_turn
from sessions_state.dialogue.path import next_step
from sessions_state.dialogue.state import STEPS as NAMES
from sessions_state.dialogue.state import Place, State
from sessions_state.dialogue.steps import STEPS
from tests.sessions_state.dialogue.menus import DEMO, MENUS, priced, sold_out
from tests.sessions_state.dialogue.talk import PICKUP, START, Talk, body, confirming, ordering, placed


def test_the_registry_holds_every_stored_name() -> None:
    assert set(STEPS) == set(NAMES)
    assert all(step.back in STEPS for step in STEPS.values())


def test_confirming_places_exactly_what_was_shown() -> None:
    talk = confirming()
    talk.says("yes")
    assert talk.done == [PlaceOrder(Cart((Line("pepsi", 2),)), "pickup", "olaya", None, "cash")]


def test_confirm_itself_says_nothing_and_changes_nothing() -> None:
    talk = confirming()
    turn = take_turn(talk.state, Said(START, "yes"), talk.menu)
    assert turn.replies == () and turn.state == talk.state and len(turn.effects) == 1


def test_a_confirmation_counts_for_what_it_showed() -> None:
    talk = confirming()
    old = talk.state.offers[0]
    talk.menu = priced(DEMO, "pepsi", "5")
    talk.says(old.title, old.id)
    assert placed(talk) == 0 and "10.00" in body(talk)
    talk.says("yes")
    assert placed(talk) == 1


def test_an_old_confirmation_orders_nothing_in_any_step() -> None:
    talk = confirming()
    old = talk.state.offers[0]
    talk.says("yes")
    for name in NAMES:
        other = Talk(state=replace(PICKUP, step=name, cart=Cart((Line("pepsi", 2),)), payment="cash"))
        other.says(old.title, old.id)
        assert placed(other) == 0, name


def test_the_same_order_again_needs_its_own_confirmation() -> None:
    talk = confirming()
    old = talk.state.offers[0]
    talk.says("yes")
    talk.at += timedelta(minutes=5)
    for words in ("2 pepsi", "checkout", "pickup", "olaya", "cash"):
        talk.says(words)
    talk.says(old.title, old.id)
    assert placed(talk) == 1
    talk.says("yes")
    assert placed(talk) == 2


def test_what_sold_out_is_not_confirmed() -> None:
    talk = confirming()
    talk.state = replace(talk.state, cart=Cart((Line("pepsi", 2), Line("kunafa", 1))))
    talk.menu = sold_out(DEMO, "pepsi")
    talk.says("yes")
    assert placed(talk) == 0
    assert talk.state.step == "reviewing_cart" and talk.state.cart == Cart((Line("kunafa", 1),))
    assert "Pepsi" in body(talk)


def test_a_vanished_branch_is_asked_again_before_confirming() -> None:
    talk = confirming()
    talk.menu = replace(DEMO, branches=(replace(DEMO.branches[1], id="new"), DEMO.branches[1]))
    talk.says("yes")
    assert placed(talk) == 0 and talk.state.step == "choosing_branch"


def test_paying_online_ends_with_the_link() -> None:
    talk = Talk(MENUS["one branch"], replace(PICKUP, step="reviewing_cart", cart=Cart((Line("pepsi", 2),))))
    for words in ("checkout", "online", "yes"):
        talk.says(words)
    assert "https://pay.example/shawarma" in body(talk)


def test_online_is_asked_again_when_the_link_is_gone() -> None:
    talk = Talk(DEMO, replace(PICKUP, step="confirming", cart=Cart((Line("pepsi", 2),)), payment="online"))
    talk.says("yes")
    assert placed(talk) == 0 and talk.state.step == "choosing_payment"


def test_a_place_makes_the_nearest_branch_deliver() -> None:
    talk = Talk(state=replace(PICKUP, order_type="delivery", branch_id=None, step="sharing_location"))
    talk.shares("24.82", "46.62")
    assert talk.state.branch_id == "malqa" and talk.state.step == "choosing_category"


def test_branches_without_coordinates_are_asked_for() -> None:
    nowhere = tuple(replace(branch, latitude=None) for branch in DEMO.branches)
    talk = Talk(replace(DEMO, branches=nowhere), State(step="sharing_location", language="en", order_type="delivery"))
    talk.shares("24.82", "46.62")
    assert talk.state.step == "choosing_branch"
    talk.says("olaya")
    assert talk.state.branch_id == "olaya" and talk.state.place is not None


def test_changing_to_pickup_forgets_the_place() -> None:
    place = Place(Decimal(24), Decimal(46))
    talk = Talk(state=replace(PICKUP, step="reviewing_cart", order_type="delivery", place=place, payment="cash"))
    talk.state = replace(talk.state, cart=Cart((Line("pepsi", 2),)))
    talk.says("pickup")
    assert (talk.state.place, talk.state.branch_id, talk.state.payment) == (None, None, None)
    assert talk.state.step == "choosing_branch"


def test_a_written_address_asks_for_the_pin() -> None:
    talk = Talk(state=State(step="sharing_location", language="en", order_type="delivery"))
    talk.says("12 King Road, house 4")
    assert isinstance(talk.said[0], AskLocation) and talk.state.place is None


def test_next_step_follows_what_is_missing() -> None:
    state = State(order_type="delivery")
    assert next_step(State(), DEMO) == "choosing_order_type"
    assert next_step(state, DEMO) == "sharing_location"
    state = replace(state, place=Place(Decimal(24), Decimal(46)))
    assert next_step(state, DEMO) == "choosing_branch"
    state = replace(state, branch_id="olaya")
    assert next_step(state, DEMO) == "choosing_category"
    state = replace(state, cart=Cart((Line("pepsi", 1),)))
    assert next_step(state, DEMO) == "choosing_payment"
    assert next_step(state, replace(DEMO, minimum_order=Decimal(5))) == "reviewing_cart"
    assert next_step(replace(state, payment="cash"), DEMO) == "confirming"


def test_saying_the_order_type_again_changes_nothing() -> None:
    talk = ordering()
    before = talk.says("cart")
    assert talk.says("pickup") == before and talk.state.misses == 0
    talk.says("🏃 Pickup", "type:pickup")
    assert "earlier message" in body(talk) and talk.state.cart


def test_a_price_that_falls_below_the_minimum_leads_back_to_the_cart() -> None:
    talk = Talk(replace(DEMO, minimum_order=Decimal(8)), replace(PICKUP, cart=Cart((Line("pepsi", 2),))))
    talk.says("checkout")
    assert talk.state.step == "choosing_payment"
    talk.menu = priced(talk.menu, "pepsi", "3")
    talk.says("English")
    assert talk.state.step == "reviewing_cart" and "SAR\u00a02.00 more" in body(talk)


@pytest.mark.parametrize("step", ["choosing_order_type", "choosing_branch", "choosing_category", "choosing_item"])
@pytest.mark.parametrize("menu", ["closed", "no branches"])
def test_nothing_to_sell_leads_to_the_polite_line(step: str, menu: str) -> None:
    talk = Talk(MENUS[menu], replace(PICKUP, step=step, order_type="delivery", category_id="drinks"))
    talk.says("English")
    assert talk.state.step == "welcome" and "can't take orders" in body(talk)
