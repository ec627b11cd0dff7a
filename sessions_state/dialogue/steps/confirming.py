"""The whole order once more, to be confirmed.

The confirm button names what was shown (a digest of it): a tap on an older message, or a price that changed meanwhile,
cannot order something that the customer did not just read.
"""

from __future__ import annotations

from hashlib import sha256

from conversations.content import Choice
from orders.menu import Menu
from orders.pricing import Priced, price
from sessions_state.dialogue.basket import amount, lines_of, with_lines
from sessions_state.dialogue.counts import ask_of_what
from sessions_state.dialogue.effects import PlaceOrder
from sessions_state.dialogue.fitting import clip, name_of, tidy
from sessions_state.dialogue.path import next_step
from sessions_state.dialogue.state import State
from sessions_state.dialogue.step import Heard, Move, Question, Step, language_of, say, to
from sessions_state.dialogue.steps import choosing_payment
from sessions_state.dialogue.vocabulary import means_no, means_yes

_ADDRESS_LIMIT = 150


def digest(state: State, menu: Menu) -> str:
    """The same for the same order at the same prices, and for nothing else."""
    priced = price(state.cart, menu)
    lines = [(line.item.id, line.quantity, str(line.total)) for line in priced.lines]
    place = state.place and (str(state.place.latitude), str(state.place.longitude), state.place.address)
    whole = (lines, str(priced.total), state.order_type, state.branch_id, place, state.payment, state.cart_at)
    return sha256(repr(whole).encode()).hexdigest()[:16]


def ask(state: State, menu: Menu) -> Question | Move:
    lacking = next_step(state, menu)
    if lacking != "confirming":
        return to(lacking, state)
    priced, words = price(state.cart, menu), say(state)
    choices = (
        Choice(f"confirm:{digest(state, menu)}", words.CONFIRM),
        Choice("go:cart", words.CHANGE),
        Choice("go:cancel", words.CANCEL),
    )
    return with_lines(words.CHECK_ORDER, lines_of(priced, state, menu), _terms(priced, state, menu), choices)


def _terms(priced: Priced, state: State, menu: Menu) -> str:
    words, language = say(state), language_of(state)
    branch = menu.branch(state.branch_id or "")
    name = name_of(branch.name, language) if branch else ""
    if state.order_type == "delivery":
        where = words.for_delivery(name, _address(state))
    else:
        where = words.for_pickup(name, clip(tidy(branch.address.said_in(language)), _ADDRESS_LIMIT) if branch else "")
    paid = words.paid_by(choosing_payment.label(state.payment, state)) if state.payment else ""
    return "\n".join((words.total(amount(priced.total, state, menu)), where, paid, "", words.LOOKS_RIGHT))


def _address(state: State) -> str:
    place = state.place
    return clip(tidy(place.address or place.label), _ADDRESS_LIMIT) if place else ""


def answer(state: State, heard: Heard, menu: Menu) -> Move | str | None:
    confirmed = heard.chosen("confirm")
    if confirmed is None and means_yes(heard.text) and not heard.choice:
        confirmed = next((offer.id.partition(":")[2] for offer in state.offers if offer.id.startswith("confirm:")), "")
    if confirmed is None:
        if means_no(heard.text):
            return "go:cart"
        return ask_of_what(state, heard, menu) or choosing_payment.answer(state, heard, menu)
    if confirmed != digest(state, menu) or next_step(state, menu) != "confirming":
        return Move(state, (say(state).ORDER_CHANGED_MEANWHILE,))
    return _placed(state)


def _placed(state: State) -> Move | None:
    if state.order_type is None or state.branch_id is None or state.payment is None:
        return None
    place = state.place if state.order_type == "delivery" else None
    order = PlaceOrder(state.cart, state.order_type, state.branch_id, place, state.payment)
    return Move(state, effects=(order,), waits=True)


STEP = Step(ask, answer, hint=lambda words: words.HINT, back="reviewing_cart")
