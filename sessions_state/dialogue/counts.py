"""A bare number where a cart is on the table: how many of what? It is asked, because guessing costs a cart or money."""

from __future__ import annotations

from conversations.content import ROWS_LIMIT, Choice, Listing
from orders.cart import MOST_PER_LINE
from orders.menu import Menu
from sessions_state.dialogue.basket import item_name
from sessions_state.dialogue.fitting import row
from sessions_state.dialogue.state import State
from sessions_state.dialogue.step import Heard, Move, Question, say, to
from sessions_state.dialogue.words import number_in


def ask_of_what(state: State, heard: Heard, menu: Menu) -> Move | None:
    """The question which line is to hold the number that the whole text is; None for any other text or an empty
    cart. Lines that were added last come first, and the row that the number may have meant stands below them."""
    number = number_in(heard.text)
    if number is None or not 1 <= number <= MOST_PER_LINE or not state.cart:
        return None
    items = [menu.item(line.item_id) for line in reversed(state.cart.lines)]
    words = say(state)
    rows = [row(f"set:{number}:{item.id}", words.this_many(number, item_name(item, state))) for item in items if item]
    meant = state.offers[number - 1] if number <= len(state.offers) else None
    below = [Choice(meant.id, meant.title)] if meant else []
    most = ROWS_LIMIT - len(below)
    return Move(state, question=Question(Listing(words.of_what(number), words.SHOW_ITEMS, (*rows[:most], *below))))


def set_count(state: State, heard: Heard, menu: Menu) -> Move | None:
    """The answer to that question; None for an old one, which may mean another cart."""
    number, _, item_id = (heard.chosen("set") or "").partition(":")
    asked = heard.choice in {offer.id for offer in state.offers}
    item = menu.item(item_id)
    if not asked or item is None or not state.cart.quantity_of(item_id):
        return None
    cart = state.cart.with_quantity(item_id, int(number))
    note = say(state).changed_to(int(number), item_name(item, state))
    return to("reviewing_cart", state, note, cart=cart, cart_at=heard.at)
