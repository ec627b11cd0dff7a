"""After an order: where it is, a new one, or a person."""

from __future__ import annotations

from conversations.content import Buttons, Choice
from orders.menu import Menu
from sessions_state.dialogue.ordering import named
from sessions_state.dialogue.state import State
from sessions_state.dialogue.step import Heard, Move, Question, Step, say
from sessions_state.dialogue.vocabulary import means_yes


def ask(state: State, menu: Menu) -> Question:
    words = say(state)
    choices = (
        Choice("go:orders", words.MY_ORDER),
        Choice("go:order", words.ORDER_AGAIN),
        Choice("go:staff", words.STAFF),
    )
    return Question(Buttons(words.TRACKING, choices))


def answer(state: State, heard: Heard, menu: Menu) -> Move | str | None:
    if heard.chosen("confirm"):
        return Move(state, (say(state).ALREADY_PLACED,))
    if means_yes(heard.text):
        return "go:thanks"
    return named(state, heard, menu)


STEP = Step(ask, answer, hint=lambda words: words.HINT)
