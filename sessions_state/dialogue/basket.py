"""The cart in words, and what happens to it when the menu changes under it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

from conversations.content import BODY_LIMIT, Buttons, Choice
from orders.menu import Item, Menu
from orders.pricing import Priced, price
from sessions_state.dialogue.amounts import shown
from sessions_state.dialogue.fitting import name_of, texts
from sessions_state.dialogue.state import State
from sessions_state.dialogue.step import Question, language_of, say

_NAMES_LIMIT = 300


def amount(value: Decimal, state: State, menu: Menu) -> str:
    return shown(value, menu.currency, language_of(state))


def item_name(item: Item, state: State) -> str:
    return name_of(item.name, language_of(state))


def lines_of(priced: Priced, state: State, menu: Menu) -> list[str]:
    return [
        say(state).cart_line(line.quantity, item_name(line.item, state), amount(line.total, state, menu))
        for line in priced.lines
    ]


def with_lines(top: str, lines: Iterable[str], bottom: str, choices: tuple[Choice, ...]) -> Question:
    """One message with everything; a cart too long for that goes ahead in texts of its own."""
    ahead = [top, *lines]
    body = "\n".join([*ahead, bottom])
    if len(body) <= BODY_LIMIT:
        return Question(Buttons(body, choices))
    return Question(Buttons(bottom, choices), before=texts(ahead))


def swept(state: State, menu: Menu) -> tuple[State, tuple[str, ...]]:
    """The state without what the menu no longer sells, and the words for it; no words when nothing had to go."""
    gone = price(state.cart, menu).gone
    if not gone:
        return state, ()
    items = (menu.item(line.item_id) for line in state.cart.lines if line.item_id in gone)
    names = [item_name(item, state) for item in items if item is not None]
    clean = replace(state, cart=state.cart.without(set(gone)))
    return clean, (_told(names, len(gone) - len(names), state),)


def _told(names: list[str], unknown: int, state: State) -> str:
    said = (", " if language_of(state) == "en" else "، ").join(names)
    if len(said) <= _NAMES_LIMIT:
        return say(state).taken_out(said, unknown)
    return say(state).taken_out("", len(names) + unknown)
