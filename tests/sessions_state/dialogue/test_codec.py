from __future__ import annotations

import json
import logging
from dataclasses import fields, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orders.cart import Cart, Line
from sessions_state.dialogue import codec
from sessions_state.dialogue.state import STEPS, Offer, Place, State

FULL = State(
    step="confirming",
    language="en",
    cart=Cart((Line("chicken", 2), Line("pepsi", 99))),
    cart_at=datetime(2026, 3, 1, 18, 30, tzinfo=UTC),
    order_type="delivery",
    branch_id="olaya",
    place=Place(Decimal("24.7000"), Decimal("-46.68"), "A street", "Home"),
    category_id="drinks",
    item_id="pepsi",
    payment="online",
    page=3,
    offers=(Offer("confirm:1", "✅ Confirm"), Offer("go:cart", "Change")),
    misses=2,
    last_text="0a1b2c3d4e5f",
    repeats=3,
    kept=Cart((Line("kunafa", 1),)),
    kept_at=datetime(2026, 2, 28, 9, 0, tzinfo=UTC),
    rating_order="order-1",
)


def test_a_full_state_comes_back_equal() -> None:
    assert codec.decode(json.loads(json.dumps(codec.encode(FULL)))) == FULL


def test_every_field_is_stored_and_set_in_the_test() -> None:
    assert set(codec.encode(FULL)) == {"version"} | {field.name for field in fields(State)}
    assert all(getattr(FULL, field.name) != getattr(State(), field.name) for field in fields(State))


def test_the_empty_talk_is_a_new_one(caplog: pytest.LogCaptureFixture) -> None:
    assert codec.decode({}) == State()
    assert codec.decode(codec.encode(State())) == State()
    assert not caplog.records


def test_an_unknown_step_means_welcome_with_the_cart(caplog: pytest.LogCaptureFixture) -> None:
    state = codec.decode(codec.encode(FULL) | {"step": "haggling"})
    assert (state.step, state.cart, state.cart_at, state.offers) == ("welcome", FULL.cart, FULL.cart_at, ())
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert "haggling" in caplog.text


def test_unknown_keys_are_ignored() -> None:
    assert codec.decode(codec.encode(FULL) | {"mood": "good"}) == FULL


@pytest.mark.parametrize(
    ("broken", "read_as"),
    [
        ({"language": "fr"}, {"language": None}),
        ({"cart": [{"item": "chicken", "quantity": 2}, {"item": "x", "quantity": 0}, 7, {}]}, {"cart": "two chicken"}),
        ({"cart": "two chicken"}, {"cart": Cart()}),
        ({"cart_at": "yesterday"}, {"cart_at": None}),
        ({"cart_at": "2026-03-01T18:30:00"}, {"cart_at": None}),
        ({"order_type": 1}, {"order_type": None}),
        ({"branch_id": ["olaya"]}, {"branch_id": None}),
        ({"place": {"latitude": "x", "longitude": "46"}}, {"place": None}),
        ({"place": {"latitude": "NaN", "longitude": "46"}}, {"place": None}),
        ({"place": {"latitude": "91", "longitude": "46"}}, {"place": None}),
        ({"place": [24, 46]}, {"place": None}),
        ({"payment": "shells"}, {"payment": None}),
        ({"page": -1}, {"page": 0}),
        ({"page": True}, {"page": 0}),
        ({"misses": "2"}, {"misses": 0}),
        ({"offers": {"id": "x"}}, {"offers": ()}),
        ({"offers": [{"id": "go:menu"}, {"id": "go:cart", "title": "Cart"}]}, {"offers": (Offer("go:cart", "Cart"),)}),
    ],
)
def test_a_broken_field_takes_its_default_and_the_rest_stays(broken: dict[str, Any], read_as: dict[str, Any]) -> None:
    if read_as.get("cart") == "two chicken":
        read_as = {"cart": Cart((Line("chicken", 2),))}
    assert codec.decode(codec.encode(FULL) | broken) == replace(FULL, **read_as)


@pytest.mark.parametrize("nothing", [None, [], "state", 3, {"version": "new"}, {"step": None}, {"version": 99}])
def test_what_is_no_state_at_all_is_a_new_talk(nothing: object) -> None:
    assert codec.decode(nothing) == State()


def test_upgrades_run_from_the_stored_version_on() -> None:
    def second(data: codec.Json) -> codec.Json:
        return data | {"step": {"asking_place": "sharing_location"}.get(data["step"], data["step"])}

    def third(data: codec.Json) -> codec.Json:
        return data | {"branch_id": data["branch"]}

    stored = {"version": 1, "step": "asking_place", "branch": "olaya"}
    state = codec.decode(stored, upgrades=(second, third))
    assert (state.step, state.branch_id) == ("sharing_location", "olaya")
    assert codec.decode(stored | {"version": 3, "step": "tracking"}, upgrades=(second, third)).branch_id is None


def test_an_upgrade_that_fails_keeps_the_cart(caplog: pytest.LogCaptureFixture) -> None:
    def failing(data: codec.Json) -> codec.Json:
        return {"step": data["never stored"]}

    assert codec.decode({"cart": [{"item": "chicken", "quantity": 1}], "step": "tracking"}, (failing,)) == State(
        step="tracking", cart=Cart((Line("chicken", 1),))
    )
    assert "failing" in caplog.text


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10) | st.sampled_from(STEPS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from([*codec.encode(FULL), "item", "other"]), _VALUES))
def test_whatever_is_stored_can_be_read(stored: dict[str, Any]) -> None:
    state = codec.decode(stored)
    assert codec.decode(json.loads(json.dumps(codec.encode(state)))) == state
