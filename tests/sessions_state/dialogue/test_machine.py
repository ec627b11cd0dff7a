"""Rules of the talk that a transcript does not show well."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from conversations.content import (
    ROW_DESCRIPTION_LIMIT,
    AskLocation,
    Buttons,
    Listing,
    Text,
    as_text,
    body_of,
    choices_of,
)
from orders.cart import MOST_LINES, Cart, Line
from orders.menu import Category, Menu, Words
from sessions_state.dialogue import codec
from sessions_state.dialogue.effects import HandOver, PlaceOrder, RateOrder
from sessions_state.dialogue.events import OrderChanged, OrderPlaced, OrderSeen, OrdersFound, Said, SharedPlace, Silence
from sessions_state.dialogue.machine import calls_bot, take_turn
from sessions_state.dialogue.path import next_step
from sessions_state.dialogue.state import STEPS as NAMES
from sessions_state.dialogue.state import Offer, Place, State
from sessions_state.dialogue.steps import STEPS
from tests.sessions_state.dialogue.menus import DEMO, MENUS, item, priced, removed, sold_out, with_category
from tests.sessions_state.dialogue.talk import START, Talk

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


def test_the_registry_holds_every_stored_name() -> None:
    assert set(STEPS) == set(NAMES)
    assert all(step.back in STEPS for step in STEPS.values())


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
    assert not talk.state.cart


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
    assert talk.state.misses == 1 and talk.state.item_id is None


def test_the_whole_name_of_another_item_is_no_quantity() -> None:
    talk = Talk(MENUS["juices"], replace(PICKUP, step="choosing_quantity", item_id="juice3"))
    talk.says("juice 12")
    assert talk.state.item_id == "juice12" and not talk.state.cart
    talk.says("30 juice")
    assert talk.state.cart == Cart((Line("juice12", 30),))


def test_a_full_cart_takes_no_other_item_but_more_of_the_same() -> None:
    snacks = Category("s", Words("سناك", "Snacks"), tuple(item(f"s{n}", f"س{n}", f"Snack {n}", "1") for n in range(30)))
    full = Cart(tuple(Line(f"s{number}", 1) for number in range(MOST_LINES)))
    talk = ordering(with_category(DEMO, snacks), cart=full)
    talk.says("2 pepsi")
    assert talk.state.cart == full and "as it can hold" in body(talk)
    talk.says("2 snack 7")
    assert talk.state.cart.quantity_of("s7") == 3


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


def test_many_things_gone_at_once_are_counted() -> None:
    snacks = tuple(item(f"s{n}", "س" * 90, f"Snack {n} " + "long " * 20, "1") for n in range(30))
    menu = with_category(DEMO, Category("s", Words("سناك", "Snacks"), snacks))
    talk = ordering(menu, cart=Cart(tuple(Line(f"s{number}", 1) for number in range(30))))
    talk.menu = sold_out(menu, *(f"s{number}" for number in range(30)))
    talk.says("cart")
    assert not talk.state.cart and "30 items" in body(talk)


def test_the_state_after_an_order_hangs_on_no_number() -> None:
    talk = confirming()
    orders = [OrderSeen(f"o{n}", n, "placed", "pickup", Decimal(n), "SAR") for n in (1, 2)]
    states = {repr(take_turn(talk.state, OrderPlaced(START, order), talk.menu).state) for order in orders}
    assert len(states) == 1


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


def test_many_open_orders_are_counted() -> None:
    orders = tuple(OrderSeen(f"o{n}", n, "placed", "delivery", Decimal(1), "SAR") for n in range(14, 0, -1))
    turn = take_turn(State(language="en"), OrdersFound(START, orders), DEMO)
    assert "*14*" in body_of(turn.replies[0]) and "and 4 more" in body_of(turn.replies[0])


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


def test_an_answer_that_is_understood_forgets_the_misses() -> None:
    talk = ordering()
    talk.says("zzzzz")
    talk.says("zzzzz")
    talk.says("menu")
    talk.says("zzzzz")
    assert talk.state.misses == 1


def test_words_that_reach_the_staff_step_find_the_bot_back() -> None:
    talk = Talk(state=replace(PICKUP, step="with_staff", cart=Cart((Line("pepsi", 2),))))
    talk.says("hmm")
    assert talk.state.step == "reviewing_cart" and talk.said


@pytest.mark.parametrize(("text", "calls"), [("bot", True), ("*بوت*", True), ("البوت", True), ("robot food", False)])
def test_calls_bot(text: str, calls: bool) -> None:
    assert calls_bot(text) is calls


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


def test_the_written_address_is_kept_for_the_eye_not_for_the_map() -> None:
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


def long_menu(items: int, name_length: int) -> Menu:
    """Names of that length that end differently, in one category."""
    entries = tuple(
        item(f"i{n}", f"طبق {n} ".ljust(name_length, "ط"), f"Dish {n} ".ljust(name_length, "x"), "1234567.89")
        for n in range(items)
    )
    return with_category(
        DEMO, Category("long", Words("قائمة طويلة جدا جدا بلا نهاية", "A very long list of dishes"), entries)
    )


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


def test_a_state_with_offers_survives_json_as_it_is() -> None:
    state = replace(PICKUP, offers=(Offer("go:menu", "📋 Menu"),), place=Place(Decimal("24.70"), Decimal("46.6800")))
    assert codec.decode(codec.encode(state)) == state


def test_a_place_while_staff_answer_is_not_lost_on_the_bot() -> None:
    turn = take_turn(replace(PICKUP, step="with_staff"), SharedPlace(START, Place(Decimal(24), Decimal(46))), DEMO)
    assert turn.state.step == "welcome" and turn.replies


def test_a_voice_note_that_reaches_the_staff_step_is_answered() -> None:
    talk = Talk(state=replace(PICKUP, step="with_staff"))
    talk.sends("audio")
    assert talk.state.step == "welcome" and "voice notes" in body(talk)


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
