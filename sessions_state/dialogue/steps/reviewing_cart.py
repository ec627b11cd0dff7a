"""The cart with its total: on to paying, or back for more."""

from __future__ import annotations

from conversations.content import Choice
from orders.menu import Menu
from orders.pricing import missing_to_minimum, price
from sessions_state.dialogue.basket import amount, lines_of, with_lines
from sessions_state.dialogue.counts import ask_of_what
from sessions_state.dialogue.ordering import named
from sessions_state.dialogue.state import State
from sessions_state.dialogue.step import Heard, Move, Question, Step, say, to
from sessions_state.dialogue.vocabulary import means_yes


def ask(state: State, menu: Menu) -> Question | Move:
    priced, words = price(state.cart, menu), say(state)
    if not priced.lines:
        return to("choosing_category", state, words.CART_EMPTY)
    bottom = words.total(amount(priced.total, state, menu))
    missing = missing_to_minimum(priced.total, menu)
    if missing:
        bottom += "\n" + words.minimum(amount(missing, state, menu), amount(menu.minimum_order, state, menu))
    choices = (
        Choice("go:checkout", words.CHECKOUT),
        Choice("go:menu", words.ADD_MORE),
        Choice("go:start_over", words.START_OVER),
    )
    return with_lines(words.YOUR_CART, lines_of(priced, state, menu), bottom, choices)


def answer(state: State, heard: Heard, menu: Menu) -> Move | str | None:
    if means_yes(heard.text):
        return "go:checkout"
    return ask_of_what(state, heard, menu) or named(state, heard, menu)


STEP = Step(ask, answer, hint=lambda words: words.HINT, back="choosing_category")
