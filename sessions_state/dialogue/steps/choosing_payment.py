"""How the order is paid. Paying online is offered where the restaurant has a payment link."""

from __future__ import annotations

from conversations.content import Buttons, Choice
from orders.menu import Menu
from sessions_state.dialogue.ordering import named
from sessions_state.dialogue.path import next_step, ways
from sessions_state.dialogue.state import Payment, State
from sessions_state.dialogue.step import Heard, Move, Question, Step, say, to
from sessions_state.dialogue.words import match

_WAYS: dict[Payment, tuple[str, ...]] = {
    "cash": ("cash", "نقد", "نقدي", "كاش", "فلوس"),
    "card_on_delivery": ("card", "mada", "visa", "شبكة", "شبكه عند الاستلام", "مدى", "بطاقة", "فيزا"),
    "online": ("online", "link", "apple pay", "pay online", "الكتروني", "دفع الكتروني", "اونلاين", "رابط", "ابل باي"),
}


def label(payment: Payment, state: State) -> str:
    words = say(state)
    if payment == "card_on_delivery":
        return words.CARD[state.order_type or "delivery"]
    return words.CASH if payment == "cash" else words.ONLINE


def ask(state: State, menu: Menu) -> Question | Move:
    lacking = next_step(state, menu)
    if lacking not in ("choosing_payment", "confirming"):
        return to(lacking, state)
    choices = tuple(Choice(f"pay:{way}", label(way, state)) for way in ways(menu))
    return Question(Buttons(say(state).CHOOSE_PAYMENT, choices))


def answer(state: State, heard: Heard, menu: Menu) -> Move | str | None:
    # A word that is nearly one of these may be anything: مدير (a manager) is no مدى (a card).
    chosen = match(heard.text, {f"pay:{way}": _WAYS[way] for way in ways(menu)}, exact_up_to=4).one
    return chosen or named(state, heard, menu)


STEP = Step(ask, answer, hint=lambda words: words.HINT_NAME, back="reviewing_cart")
