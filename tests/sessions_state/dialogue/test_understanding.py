"""Which answer is meant: by tap, by number, by title, by words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conversations.content import (
    choices_of,
)
from orders.cart import Cart, Line
from tests.sessions_state.dialogue.menus import DEMO, MENUS
from tests.sessions_state.dialogue.talk import PICKUP, Talk, body, ordering


@pytest.mark.parametrize(("text", "language"), [("هلا", "ar"), ("hi", "en"), ("7", "en"), ("", "en")])
def test_the_first_words_choose_the_language(text: str, language: str) -> None:
    talk = Talk(replace(DEMO, language="en"))
    talk.says(text)
    assert talk.state.language == language


def test_the_language_stays_when_the_script_changes() -> None:
    talk = Talk()
    talk.says("hi")
    talk.says("منيو")
    assert talk.state.language == "en" and "mood" in body(talk)


def test_the_offers_are_what_was_shown_in_that_order() -> None:
    talk = Talk()
    for words in ("hi", "menu", "drinks", "pepsi", "2", "checkout", "delivery"):
        talk.says(words)
        shown = [(c.id, c.title) for content in talk.said for c in choices_of(content)]
        assert [(offer.id, offer.title) for offer in talk.state.offers] == shown
    assert talk.state.step == "sharing_location" and talk.state.offers == ()


def test_a_title_that_comes_as_words_is_a_tap() -> None:
    talk = Talk()
    talk.says("menu")
    talk.says("shawarma")
    title = talk.state.offers[2].title
    assert title.endswith("…")
    talk.says(title)
    assert talk.state.item_id == "plate"


def test_a_tap_wins_over_its_words() -> None:
    talk = Talk()
    talk.says("menu")
    talk.says("Grills", choice="category:drinks")
    assert talk.state.category_id == "drinks"


def test_an_id_that_we_never_offer_leaves_the_words() -> None:
    talk = Talk()
    talk.says("drinks", choice="promo:42")
    assert talk.state.category_id == "drinks"


def test_a_number_is_a_quantity_only_where_one_is_asked() -> None:
    talk = Talk(state=replace(PICKUP, step="choosing_quantity", item_id="pepsi"))
    talk.says("how?")
    talk.says("3")
    assert talk.state.cart == Cart((Line("pepsi", 3),))
    talk.says("3")
    assert talk.state.cart == Cart((Line("pepsi", 3),)), "a number gives no cart away"


@pytest.mark.parametrize(("said", "quantity"), [("1", 1), ("99", 99), ("٩٩", 99), ("0", 0), ("100", 0), ("-1", 0)])
def test_quantities_go_from_1_to_99(said: str, quantity: int) -> None:
    talk = Talk(state=replace(PICKUP, step="choosing_quantity", item_id="pepsi"))
    talk.says(said)
    assert talk.state.cart.quantity_of("pepsi") == quantity
    assert talk.state.step == ("reviewing_cart" if quantity else "choosing_quantity")


def test_a_number_in_a_which_one_question_counts_rows() -> None:
    talk = Talk(state=replace(PICKUP, step="choosing_quantity", item_id="pepsi"))
    talk.says("5 shawarma")
    talk.says("2")
    assert talk.state.cart == Cart((Line("beef", 5),))


def test_a_number_alone_is_no_part_of_a_name() -> None:
    talk = Talk(MENUS["juices"], replace(PICKUP, step="reviewing_cart", cart=Cart((Line("pepsi", 2),))))
    talk.says("cart")
    talk.says("12")
    assert talk.state.cart.quantity_of("pepsi") == 2 and talk.state.item_id is None


def test_the_whole_name_of_another_item_is_no_quantity() -> None:
    talk = Talk(MENUS["juices"], replace(PICKUP, step="choosing_quantity", item_id="juice3"))
    talk.says("juice 12")
    assert talk.state.item_id == "juice12" and not talk.state.cart
    talk.says("30 juice")
    assert talk.state.cart == Cart((Line("juice12", 30),))


def test_a_second_tap_on_a_quantity_adds_nothing() -> None:
    talk = Talk()
    talk.says("pepsi")
    tapped = talk.state.offers[1]
    talk.says(tapped.title, tapped.id)
    talk.says(tapped.title, tapped.id)
    assert talk.state.cart == Cart((Line("pepsi", 2),))


def test_a_quantity_from_another_items_message_counts_for_none() -> None:
    talk = Talk()
    talk.says("pepsi")
    tapped = talk.state.offers[1]
    talk.says("kunafa")
    talk.says(tapped.title, tapped.id)
    assert not talk.state.cart and talk.state.item_id == "pepsi"


def test_an_answer_that_is_understood_forgets_the_misses() -> None:
    talk = ordering()
    talk.says("zzzzz")
    talk.says("zzzzz")
    talk.says("menu")
    talk.says("zzzzz")
    assert talk.state.misses == 1
