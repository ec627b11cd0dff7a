"""Delivery or pickup?"""

from __future__ import annotations

from conversations.content import Buttons, Choice
from orders.menu import Menu
from sessions_state.dialogue.ordering import named
from sessions_state.dialogue.state import State
from sessions_state.dialogue.step import Heard, Move, Question, Step, say
from sessions_state.dialogue.words import match

TYPES = {
    "type:delivery": ("delivery", "deliver it", "to my home", "توصيل", "وصلوه", "وصله لي", "للبيت", "دلفري", "ديلفري"),
    "type:pickup": (
        "pickup", "pick up", "take away", "takeaway", "collect", "استلام", "استلم", "بستلم", "سفري", "من الفرع",
    ),
}  # fmt: skip


def ask(state: State, menu: Menu) -> Question:
    words = say(state)
    choices = (Choice("type:delivery", words.DELIVERY), Choice("type:pickup", words.PICKUP))
    return Question(Buttons(words.CHOOSE_ORDER_TYPE, choices))


def answer(state: State, heard: Heard, menu: Menu) -> Move | str | None:
    return match(heard.text, TYPES).one or named(state, heard, menu)


STEP = Step(ask, answer, hint=lambda words: words.HINT)
