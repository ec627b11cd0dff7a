"""A person answers. Words reach this step only once the bot may speak again: then it takes the talk back up."""

from __future__ import annotations

from conversations.content import Text
from orders.menu import Menu
from sessions_state.dialogue.fitting import clip, tidy
from sessions_state.dialogue.path import home
from sessions_state.dialogue.state import State
from sessions_state.dialogue.step import Heard, Move, Question, Step, say, to


def ask(state: State, menu: Menu) -> Question:
    words = say(state)
    support = clip(tidy(menu.support_contact), 100)
    return Question(Text(words.PERSON_WILL_ANSWER + (f"\n{words.reach_us(support)}" if support else "")))


def answer(state: State, heard: Heard, menu: Menu) -> Move:
    return to(home(state), state, say(state).BACK)


STEP = Step(ask, answer, hint=lambda words: words.HINT)
