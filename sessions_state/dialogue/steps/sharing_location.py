"""Where to deliver. The shared place itself is heard in every step; here it is asked for."""

from __future__ import annotations

from conversations.content import AskLocation, Buttons, Choice
from orders.menu import Menu
from sessions_state.dialogue.state import State
from sessions_state.dialogue.step import Heard, Question, Step, say
from sessions_state.dialogue.steps.choosing_order_type import TYPES
from sessions_state.dialogue.words import match

_ASKED_ENOUGH = 2


def ask(state: State, menu: Menu) -> Question:
    words = say(state)
    if state.misses < _ASKED_ENOUGH:
        return Question(AskLocation(words.ASK_LOCATION))
    return Question(Buttons(words.NO_LOCATION, (Choice("type:pickup", words.PICKUP), Choice("go:staff", words.STAFF))))


def answer(state: State, heard: Heard, menu: Menu) -> str | None:
    return match(heard.text, {"type:pickup": TYPES["type:pickup"]}).one


STEP = Step(ask, answer, hint=lambda words: words.HINT_LOCATION, back="choosing_order_type")
