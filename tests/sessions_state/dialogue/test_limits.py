"""Long names, long lists, full carts."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from conversations.content import (
    ROW_DESCRIPTION_LIMIT,
    Buttons,
    as_text,
    body_of,
    choices_of,
)
from orders.cart import MOST_LINES, Cart, Line
from orders.menu import Category, Menu, Words
from sessions_state.dialogue.events import OrderSeen, OrdersFound
from sessions_state.dialogue.machine import take_turn
from sessions_state.dialogue.state import State
from tests.sessions_state.dialogue.menus import DEMO, item, sold_out, with_category
from tests.sessions_state.dialogue.talk import PICKUP, START, Talk, body, ordering


def long_menu(items: int, name_length: int) -> Menu:
    """Names of that length that end differently, in one category."""
    entries = tuple(
        item(f"i{n}", f"طبق {n} ".ljust(name_length, "ط"), f"Dish {n} ".ljust(name_length, "x"), "1234567.89")
        for n in range(items)
    )
    return with_category(
        DEMO, Category("long", Words("قائمة طويلة جدا جدا بلا نهاية", "A very long list of dishes"), entries)
    )


def test_a_full_cart_takes_no_other_item_but_more_of_the_same() -> None:
    snacks = Category("s", Words("سناك", "Snacks"), tuple(item(f"s{n}", f"س{n}", f"Snack {n}", "1") for n in range(30)))
    full = Cart(tuple(Line(f"s{number}", 1) for number in range(MOST_LINES)))
    talk = ordering(with_category(DEMO, snacks), cart=full)
    talk.says("2 pepsi")
    assert talk.state.cart == full and "as it can hold" in body(talk)
    talk.says("2 snack 7")
    assert talk.state.cart.quantity_of("s7") == 3


def test_many_things_gone_at_once_are_counted() -> None:
    snacks = tuple(item(f"s{n}", "س" * 90, f"Snack {n} " + "long " * 20, "1") for n in range(30))
    menu = with_category(DEMO, Category("s", Words("سناك", "Snacks"), snacks))
    talk = ordering(menu, cart=Cart(tuple(Line(f"s{number}", 1) for number in range(30))))
    talk.menu = sold_out(menu, *(f"s{number}" for number in range(30)))
    talk.says("cart")
    assert not talk.state.cart and "30 items" in body(talk)


def test_many_open_orders_are_counted() -> None:
    orders = tuple(OrderSeen(f"o{n}", n, "placed", "delivery", Decimal(1), "SAR") for n in range(14, 0, -1))
    turn = take_turn(State(language="en"), OrdersFound(START, orders), DEMO)
    assert "*14*" in body_of(turn.replies[0]) and "and 4 more" in body_of(turn.replies[0])


@pytest.mark.parametrize("language", ["ar", "en"])
def test_forty_long_names_can_all_be_reached(language: str) -> None:
    talk = Talk(long_menu(40, 60))
    talk.says("English" if language == "en" else "عربي")
    talk.says("", "category:long")
    seen: list[str] = []
    while True:
        seen += [choice.id for choice in choices_of(talk.said[-1]) if choice.id.startswith("item:")]
        assert all(len(choice.description) <= ROW_DESCRIPTION_LIMIT for choice in choices_of(talk.said[-1]))
        assert all(choice.description in as_text(talk.said[-1]) for choice in choices_of(talk.said[-1]))
        more = [offer.id for offer in talk.state.offers if offer.id == f"page:{talk.state.page + 1}"]
        if not more:
            break
        talk.says("", more[0])
    assert seen == [f"item:i{n}" for n in range(40)]


@pytest.mark.parametrize("language", ["ar", "en"])
@pytest.mark.parametrize("step", ["reviewing_cart", "confirming"])
def test_thirty_long_lines_are_all_shown(language: str, step: str) -> None:
    cart = Cart(tuple(Line(f"i{n}", 99) for n in range(30)))
    state = replace(PICKUP, language="ar" if language == "ar" else "en", step=step, cart=cart, payment="cash")
    talk = Talk(long_menu(40, 60), state)
    talk.says("???")
    whole = body(talk)
    for number in range(30):
        name = talk.menu.item(f"i{number}")
        assert name is not None and name.name.said_in("ar" if language == "ar" else "en").strip() in whole
    assert isinstance(talk.said[-1], Buttons)


def test_a_word_in_too_many_names_for_one_list_opens_their_category() -> None:
    juices = tuple(item(f"j{n}", f"عصير طازج {n}", f"Fresh juice {n}", "9") for n in range(12))
    talk = Talk(with_category(DEMO, Category("cold", Words("بارد", "Cold"), juices)))
    talk.says("juice please")
    assert talk.state.step == "choosing_item" and talk.state.category_id == "cold"


def test_a_word_in_too_many_names_all_over_the_menu_is_not_understood() -> None:
    hot, cold = (
        Category(key, Words(key, key), tuple(item(f"{key}{n}", f"دلة {n}", f"Pot {n} {key}", "9") for n in range(8)))
        for key in ("hot", "cold")
    )
    talk = Talk(with_category(with_category(DEMO, hot), cold))
    talk.says("menu")
    talk.says("pot")
    assert talk.state.misses == 1 and talk.state.step == "choosing_category"


def test_an_item_and_a_category_of_one_name_are_asked_about() -> None:
    menu = with_category(DEMO, Category("k", Words("كنافة", "Kunafa"), (item("k2", "كنافة نابلسية", "Nabulsi", "25"),)))
    talk = Talk(menu, state=PICKUP)
    talk.says("kunafa")
    assert {choice.id for choice in choices_of(talk.said[-1])} == {"category:k", "item:kunafa"}


def test_more_than_99_of_an_item_are_never_taken() -> None:
    talk = ordering(cart=Cart((Line("pepsi", 98),)))
    talk.says("5 pepsi")
    assert (
        talk.state.cart == Cart((Line("pepsi", 99),)) and "Added 1 ×" in body(talk) and "99 is the most" in body(talk)
    )
    talk.says("5 pepsi")
    assert talk.state.cart == Cart((Line("pepsi", 99),)) and "Added" not in body(talk)
