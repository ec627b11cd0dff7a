"""What is heard in every step: the global words, and the taps that keep their meaning when their message is old."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from orders.menu import Menu
from sessions_state.dialogue.counts import set_count
from sessions_state.dialogue.effects import FindOrders, HandOver
from sessions_state.dialogue.ordering import dropped, pick
from sessions_state.dialogue.path import below_minimum, fresh, home, is_idle, next_step, ways
from sessions_state.dialogue.state import State
from sessions_state.dialogue.step import Heard, Move, say, to
from sessions_state.dialogue.steps import STEPS
from sessions_state.dialogue.steps.welcome import greeted
from sessions_state.dialogue.vocabulary import is_salaam

MISSES_LIMIT = 3

Act = Callable[[State, Heard, Menu], Move | None]


def obey(state: State, heard: Heard, menu: Menu) -> Move | None:
    """What the choice means here; None when it is no choice of this kind, or means nothing any more."""
    act = _ACTS.get(heard.choice.partition(":")[0])
    return act(state, heard, menu) if act else None


def is_known(choice: str) -> bool:
    """Could the talk have offered this id?"""
    kind, _, rest = choice.partition(":")
    return bool(rest) and (kind in _ACTS or kind in ("confirm", "rate"))


def _on_the_table(state: State, heard: Heard) -> bool:
    return heard.choice in {offer.id for offer in state.offers}


def _go(state: State, heard: Heard, menu: Menu) -> Move | None:
    act = _WAYS.get(heard.choice)
    return act(state, heard, menu) if act else None


def _order(state: State, heard: Heard, menu: Menu) -> Move:
    return to("reviewing_cart" if state.cart else next_step(state, menu), state)


def _checkout(state: State, heard: Heard, menu: Menu) -> Move:
    refused = not state.cart or below_minimum(state, menu)
    return to("reviewing_cart" if refused else next_step(state, menu), state)


def _start_over(state: State, heard: Heard, menu: Menu) -> Move:
    new = fresh(state)
    return to(next_step(new, menu), new, say(state).STARTED_OVER if state.cart or state.kept else say(state).START)


def _cancel(state: State, heard: Heard, menu: Menu) -> Move:
    if not is_idle(state) or state.kept:
        return to("welcome", fresh(state), say(state).CANCELLED)
    if state.step in ("tracking", "rating"):
        return to("tracking", state, say(state).PLACED_CANNOT_CANCEL)
    return to("welcome", state, say(state).NOTHING_TO_CANCEL)


def _staff(state: State, heard: Heard, menu: Menu) -> Move:
    reason: Literal["asked", "misunderstood"] = "misunderstood" if state.misses >= MISSES_LIMIT else "asked"
    return Move(to("with_staff", state).state, effects=(HandOver(reason),))


def _bot(state: State, heard: Heard, menu: Menu) -> Move:
    return to(home(state), state, say(state).BACK) if state.step == "with_staff" else Move(state)


def _hello(state: State, heard: Heard, menu: Menu) -> Move:
    if state.cart:
        return to("reviewing_cart", state, say(state).hello_again(is_salaam(heard.text)))
    if is_idle(state):
        return greeted(state, heard, menu)
    return Move(state, (say(state).hello_midway(is_salaam(heard.text)),))


def _language(state: State, heard: Heard, menu: Menu) -> Move | None:
    chosen = heard.chosen("lang")
    if chosen == "ar":
        return Move(replace(state, language="ar"))
    return Move(replace(state, language="en")) if chosen == "en" else None


def _item(state: State, heard: Heard, menu: Menu) -> Move:
    return pick(heard.chosen("item") or "", state, heard, menu)


def _category(state: State, heard: Heard, menu: Menu) -> Move:
    return to("choosing_item", state, category_id=heard.chosen("category"))


def _quantity(state: State, heard: Heard, menu: Menu) -> Move | None:
    """From an older message it may be a second tap, so it adds nothing by itself."""
    number, _, item_id = (heard.chosen("qty") or "").partition(":")
    if _on_the_table(state, heard) and number.isdecimal():
        return pick(item_id, state, heard, menu, int(number))
    return None if state.cart.quantity_of(item_id) else pick(item_id, state, heard, menu)


def _order_type(state: State, heard: Heard, menu: Menu) -> Move | None:
    chosen = heard.chosen("type")
    if chosen not in ("delivery", "pickup"):
        return None
    if chosen == state.order_type and not _on_the_table(state, heard):
        return Move(state) if heard.text else None
    new = replace(
        state,
        order_type="delivery" if chosen == "delivery" else "pickup",
        branch_id=None,
        place=None if chosen == "pickup" else state.place,
        payment=None,
    )
    return to(next_step(new, menu), new)


def _branch(state: State, heard: Heard, menu: Menu) -> Move | None:
    chosen = heard.chosen("branch") or ""
    asked = _on_the_table(state, heard)
    if menu.branch(chosen) is None or not (asked or state.order_type == "pickup") or state.branch_id == chosen:
        return None
    new = replace(state, branch_id=chosen)
    return to(next_step(new, menu), new)


def _page(state: State, heard: Heard, menu: Menu) -> Move | None:
    number = heard.chosen("page") or ""
    lists = state.step in ("choosing_branch", "choosing_category", "choosing_item")
    return Move(replace(state, page=int(number))) if lists and number.isdecimal() and len(number) < 4 else None


def _kept(state: State, heard: Heard, menu: Menu) -> Move | None:
    if not state.kept:
        return None
    if heard.choice == "kept:use":
        return to("reviewing_cart", dropped(state), cart=state.kept, cart_at=heard.at)
    return to(next_step(dropped(state), menu), dropped(state))


def _pay(state: State, heard: Heard, menu: Menu) -> Move | None:
    chosen = next((way for way in ways(menu) if way == heard.chosen("pay")), None)
    if chosen is None or state.step not in ("choosing_payment", "confirming"):
        return None
    new = replace(state, payment=chosen)
    return to(next_step(new, menu), new)


_WAYS: dict[str, Act] = {
    "go:menu": lambda state, heard, menu: to("choosing_category", state),
    "go:cart": lambda state, heard, menu: to("reviewing_cart", state),
    "go:order": _order,
    "go:checkout": _checkout,
    "go:start_over": _start_over,
    "go:cancel": _cancel,
    "go:staff": _staff,
    "go:bot": _bot,
    "go:hello": _hello,
    "go:thanks": lambda state, heard, menu: Move(state, (say(state).MY_PLEASURE,)),
    "go:orders": lambda state, heard, menu: Move(state, effects=(FindOrders(),), waits=True),
    "go:back": lambda state, heard, menu: to(STEPS[state.step].back, state),
}
_ACTS: dict[str, Act] = {
    "go": _go,
    "lang": _language,
    "item": _item,
    "category": _category,
    "qty": _quantity,
    "type": _order_type,
    "branch": _branch,
    "page": _page,
    "kept": _kept,
    "pay": _pay,
    "set": set_count,
}
