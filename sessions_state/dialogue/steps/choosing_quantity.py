"""How many of the chosen item: the only step in which a number counts pieces, not rows."""

from __future__ import annotations

from conversations.content import Buttons, Choice
from orders.cart import MOST_PER_LINE
from orders.menu import Item, Menu
from sessions_state.dialogue.basket import amount, item_name
from sessions_state.dialogue.fitting import clip, tidy
from sessions_state.dialogue.ordering import named, names_of, pick
from sessions_state.dialogue.state import State
from sessions_state.dialogue.step import Heard, Move, Question, Step, language_of, say, to
from sessions_state.dialogue.words import match, number_in, split_quantity

_BUTTONS = (1, 2, 3)
_ABOUT_LIMIT = 300


def ask(state: State, menu: Menu) -> Question | Move:
    item = menu.item(state.item_id or "")
    if item is None or not item.is_available:
        return to("choosing_item", state, item_id=None)
    words = say(state)
    about = clip(tidy(item.description.said_in(language_of(state))), _ABOUT_LIMIT)
    body = words.item(item_name(item, state), amount(item.price, state, menu), about)
    choices = tuple(Choice(f"qty:{number}:{item.id}", str(number)) for number in _BUTTONS)
    return Question(Buttons(f"{body}\n\n{words.HOW_MANY}", choices))


def answer(state: State, heard: Heard, menu: Menu) -> Move | None:
    item = menu.item(state.item_id or "")
    quantity = number_in(heard.text)
    if quantity is None and item is not None:
        quantity = _of_this(item, heard.text, menu)
    if item is None or quantity is None:
        return named(state, heard, menu)
    return pick(item.id, state, heard, menu, quantity) if 1 <= quantity <= MOST_PER_LINE else None


def _of_this(item: Item, text: str, menu: Menu) -> int | None:
    """ "2 شاورما" says enough where شاورما دجاج is asked about, unless the words are another item's whole name."""
    quantity, rest = split_quantity(text)
    if match(text, {other.id: names_of(other) for other in menu.all_items()}, whole=True).one:
        return None
    return quantity if match(rest, {item.id: names_of(item)}).one else None


STEP = Step(ask, answer, hint=lambda words: words.HINT_QUANTITY, back="choosing_item")
