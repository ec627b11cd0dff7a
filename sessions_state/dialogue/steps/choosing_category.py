"""The menu: its categories, and the cart when something is in it."""

from __future__ import annotations

from conversations.content import Choice
from orders.menu import Menu
from sessions_state.dialogue.fitting import name_of, row
from sessions_state.dialogue.listing import listing
from sessions_state.dialogue.ordering import named
from sessions_state.dialogue.state import State
from sessions_state.dialogue.step import Heard, Move, Question, Step, language_of, say


def ask(state: State, menu: Menu) -> Question:
    words = say(state)
    rows = [row(f"category:{c.id}", name_of(c.name, language_of(state))) for c in menu.open_categories]
    tail = (Choice("go:cart", words.cart_row(state.cart.pieces)),) if state.cart else ()
    return listing(state, words.CHOOSE_CATEGORY, words.SHOW_CATEGORIES, rows, tail)


def answer(state: State, heard: Heard, menu: Menu) -> Move | None:
    return named(state, heard, menu)


STEP = Step(ask, answer, hint=lambda words: words.HINT_NAME)
