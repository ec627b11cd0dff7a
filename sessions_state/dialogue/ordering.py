"""From words or a tap to an item in the cart, in whichever step they come."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from conversations.content import ROWS_LIMIT, Choice, Listing
from orders.cart import MOST_PER_LINE, Cart
from orders.menu import Category, Item, Menu
from sessions_state.dialogue.basket import amount, item_name
from sessions_state.dialogue.fitting import clip, name_of, row, tidy
from sessions_state.dialogue.state import State
from sessions_state.dialogue.step import Heard, Move, Question, language_of, say, to
from sessions_state.dialogue.words import Match, match, split_quantity


def pick(item_id: str, state: State, heard: Heard, menu: Menu, quantity: int | None = None) -> Move:
    """That item is wanted: into the cart when it is clear how many, else the question how many."""
    item = menu.item(item_id)
    if item is None:
        return Move(state, (say(state).GONE_FROM_MENU,))
    if not item.is_available:
        return Move(state, (say(state).sold_out(item_name(item, state)),))
    if quantity is not None and 1 <= quantity <= MOST_PER_LINE:
        return add(item, quantity, state, heard.at)
    notes = () if quantity is None else (say(state).HINT_QUANTITY,)
    return to("choosing_quantity", state, *notes, item_id=item.id, category_id=_category_of(item, menu))


def _category_of(item: Item, menu: Menu) -> str | None:
    return next((category.id for category in menu.categories if item in category.items), None)


def add(item: Item, quantity: int, state: State, at: datetime) -> Move:
    """Into the cart, and on to it. A new cart takes the place of one kept from before."""
    before = state.cart.quantity_of(item.id)
    if not before and state.cart.is_full:
        return to("reviewing_cart", state, say(state).CART_FULL)
    notes = [say(state).added(min(quantity, MOST_PER_LINE - before), item_name(item, state))]
    if before + quantity > MOST_PER_LINE:
        notes = [*notes[: before < MOST_PER_LINE], say(state).most_per_item(MOST_PER_LINE)]
    cart = state.cart.add(item.id, quantity)
    return to("reviewing_cart", state, *notes, cart=cart, cart_at=at, kept=Cart(), kept_at=None, item_id=None)


def named(state: State, heard: Heard, menu: Menu) -> Move | None:
    """An item, with or without a quantity, or a category, by its name; None when no name is near enough."""
    for candidates in _circles(state, menu):
        quantity, found = _understood(heard.text, candidates)
        if found.one is not None:
            return _chosen(found.one, quantity, state, heard, menu)
        if found.several:
            return _which_one(found.several, quantity, state, heard, menu)
    return None


def _circles(state: State, menu: Menu) -> Iterable[Mapping[str, tuple[str, str]]]:
    """Where to look, nearest first: the list on the table, the whole menu, then what is sold out."""
    category = menu.category(state.category_id or "")
    if state.step == "choosing_item" and category is not None:
        yield {f"item:{item.id}": names_of(item) for item in category.on_sale}
    groups = {f"category:{category.id}": names_of(category) for category in menu.open_categories}
    yield groups | {f"item:{item.id}": names_of(item) for item in menu.all_items() if item.is_available}
    yield {f"item:{item.id}": names_of(item) for item in menu.all_items() if not item.is_available}


def names_of(thing: Item | Category) -> tuple[str, str]:
    return thing.name.ar, thing.name.en


def _understood(text: str, candidates: Mapping[str, tuple[str, str]]) -> tuple[int | None, Match]:
    """A name may hold a number itself ("7up"), so the whole text is tried as a name first; a number alone is no part
    of a name."""
    found = match(text, candidates, whole=True)
    quantity, rest = split_quantity(text)
    if found.one is None and quantity is not None:
        items = {key: names for key, names in candidates.items() if key.startswith("item:")}
        return quantity, match(rest, items) if rest else Match()
    return None, found if found.one is not None else match(text, candidates)


def _chosen(key: str, quantity: int | None, state: State, heard: Heard, menu: Menu) -> Move:
    kind, _, found = key.partition(":")
    if kind == "category":
        return to("choosing_item", state, category_id=found)
    return pick(found, state, heard, menu, quantity)


def _which_one(keys: tuple[str, ...], quantity: int | None, state: State, heard: Heard, menu: Menu) -> Move | None:
    if len(keys) > ROWS_LIMIT:
        return _their_category(keys, state, menu)
    rows = tuple(choice for key in keys if (choice := _candidate(key, quantity, state, menu)) is not None)
    words = say(state)
    body = words.which_one(clip(tidy(heard.text), 60))
    if not rows:
        return None
    # Where a quantity was asked a number would count pieces; here it must count rows.
    step = "choosing_item" if state.step == "choosing_quantity" else state.step
    return Move(replace(state, step=step), question=Question(Listing(body, words.SHOW_ITEMS, rows)))


def _their_category(keys: tuple[str, ...], state: State, menu: Menu) -> Move | None:
    """Too many for one list: the category that holds them all, if there is one."""
    for category in menu.open_categories:
        if set(keys) <= {f"category:{category.id}", *(f"item:{item.id}" for item in category.items)}:
            return to("choosing_item", state, category_id=category.id)
    return None


def _candidate(key: str, quantity: int | None, state: State, menu: Menu) -> Choice | None:
    kind, _, found = key.partition(":")
    category = menu.category(found) if kind == "category" else None
    if category is not None:
        return row(key, name_of(category.name, language_of(state)))
    item = menu.item(found)
    if item is None:
        return None
    wanted = quantity is not None and 1 <= quantity <= MOST_PER_LINE
    return item_row(item, state, menu, f"qty:{quantity}:{item.id}" if wanted else key)


def item_row(item: Item, state: State, menu: Menu, choice_id: str) -> Choice:
    about = tidy(item.description.said_in(language_of(state)))
    return row(choice_id, item_name(item, state), amount(item.price, state, menu), about)


def dropped(state: State) -> State:
    """Without the cart kept from before."""
    return replace(state, kept=Cart(), kept_at=None)
