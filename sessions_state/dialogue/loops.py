"""Talks that go nowhere: an automatic reply at the other end, or a customer whom the bot cannot help."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

from conversations.content import Text
from conversations.spelling import fold
from sessions_state.dialogue.effects import HandOver
from sessions_state.dialogue.state import State
from sessions_state.dialogue.step import Move, Question, say, to
from sessions_state.dialogue.vocabulary import means_no, means_yes

MISSES_MOST = 6
"""Answers in a row that were not understood."""
REPEATS_MOST = 6
"""How often the same words may come in a row. Taps and bare numbers begin the count anew: they are how lists are
used; a yes or no is nothing that an automatic reply says."""


def count_repeat(state: State, text: str) -> State:
    """The state that has heard this text; its digits do not matter, since automatic replies number their tickets."""
    if means_yes(text) or means_no(text):
        return state
    letters = "".join(char for char in fold(text) if char.isalpha())
    if not letters:
        return replace(state, last_text="", repeats=0)
    digest = sha256(letters.encode()).hexdigest()[:12]
    return replace(state, last_text=digest, repeats=state.repeats + 1 if digest == state.last_text else 1)


def is_going_round(state: State) -> bool:
    return state.misses >= MISSES_MOST or state.repeats >= REPEATS_MOST


def stop(state: State) -> Move:
    """One last sentence, and a person is called: the bot says nothing more until it is given the talk back."""
    calm = replace(to("with_staff", state).state, misses=0, repeats=0, last_text="")
    return Move(calm, question=Question(Text(say(state).GOING_ROUND)), effects=(HandOver("looping"),))
