"""The items of one category. A quantity may come with the name: "2 شاورما دجاج"."""

from __future__ import annotations

from conversations.content import Choice
from orders.menu import Menu
from sessions_state.dialogue.fitting import name_of
from sessions_state.dialogue.listing import listing
from sessions_state.dialogue.ordering import item_row, named
from sessions_state.dialogue.state import State
from sessions_state.dialogue.step import Heard, Move, Question, Step, language_of, say, to


def ask(state: State, menu: Menu) -> Question | Move:
    category = menu.category(state.category_id or "")
    if category is None or not category.on_sale:
        return to("choosing_category", state, category_id=None)
    words = say(state)
    rows = [item_row(item, state, menu, f"item:{item.id}") for item in category.on_sale]
    body = words.items_of(name_of(category.name, language_of(state)))
    return listing(state, body, words.SHOW_ITEMS, rows, (Choice("go:menu", words.BACK_TO_MENU),))


def answer(state: State, heard: Heard, menu: Menu) -> Move | None:
    return named(state, heard, menu)


STEP = Step(ask, answer, hint=lambda words: words.HINT_NAME, back="choosing_category")
