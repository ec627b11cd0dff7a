"""The way of an order: what it still lacks, and so which step comes next."""

from __future__ import annotations

from orders.menu import Branch, Menu
from orders.pricing import missing_to_minimum, price
from sessions_state.dialogue.nearest import nearest
from sessions_state.dialogue.state import Payment, State

IDLE = ("welcome", "tracking", "rating", "with_staff")
"""Steps in which no order is being made."""


def next_step(state: State, menu: Menu) -> str:
    """The step that asks for the first thing that is missing."""
    if state.order_type is None:
        return "choosing_order_type"
    if state.order_type == "delivery" and state.place is None:
        return "sharing_location"
    if state.branch_id is None or menu.branch(state.branch_id) is None:
        return "choosing_branch"
    return _paying(state, menu) if state.cart else "choosing_category"


def _paying(state: State, menu: Menu) -> str:
    if below_minimum(state, menu):
        return "reviewing_cart"
    return "confirming" if state.payment in ways(menu) else "choosing_payment"


def below_minimum(state: State, menu: Menu) -> bool:
    return missing_to_minimum(price(state.cart, menu).total, menu) > 0


def ways(menu: Menu) -> tuple[Payment, ...]:
    """How one can pay here; online where the restaurant has a payment link."""
    return ("cash", "card_on_delivery", "online") if menu.payment_link else ("cash", "card_on_delivery")


def serving_branch(state: State, menu: Menu) -> Branch | None:
    """The branch that needs no question: the only one, or the nearest to the place of a delivery."""
    if len(menu.branches) == 1:
        return menu.branches[0]
    if state.order_type == "delivery" and state.place is not None:
        return nearest(state.place, menu.branches)
    return None


def home(state: State) -> str:
    """Where a customer can go on after something else: at the cart, or at the start."""
    return "reviewing_cart" if state.cart else "welcome"


def sells(menu: Menu) -> bool:
    """Can anything be ordered at all?"""
    return bool(menu.open_categories and menu.branches)


def is_idle(state: State) -> bool:
    return state.step in IDLE and not state.cart


def fresh(state: State) -> State:
    """A talk from its beginning, in the same language."""
    return State(language=state.language)
