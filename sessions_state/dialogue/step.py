"""What a step of the talk is: it asks, it hears an answer, and it says where the talk goes next.

Steps do not know each other; they name the next one in `state.step`, and the machine lets that one ask.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from conversations.content import Content, Text
from orders.menu import Language, Menu
from sessions_state.dialogue.effects import Effect
from sessions_state.dialogue.phrases import Phrases, phrases_in
from sessions_state.dialogue.state import State


@dataclass(frozen=True, slots=True)
class Heard:
    """What the customer said. `choice` is the id it means (tapped, numbered, or named as shown), empty when unknown."""

    at: datetime
    text: str = ""
    choice: str = ""
    name: str = ""

    def chosen(self, kind: str) -> str | None:
        """What follows `kind:` in the choice; None when the choice is of another kind."""
        head, _, rest = self.choice.partition(":")
        return rest if head == kind and rest else None


@dataclass(frozen=True, slots=True)
class Question:
    """What is put on the table; its choices become the offers. `before` is said first."""

    content: Content
    before: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class Move:
    """Where the talk goes: the step named in `state` asks, or `question` is asked in its place.

    `notes` are said ahead of the question. With `waits` nothing is asked: the world's answer to the effects will.
    """

    state: State
    notes: tuple[str, ...] = ()
    question: Question | None = None
    effects: tuple[Effect, ...] = ()
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """`ask` gives the question, or a move when there is nothing to ask.

    `answer` gives a move, or the id of the choice that the words mean, or None when it did not understand.
    `hint` says what would be understood; `back` names the step before.
    """

    ask: Callable[[State, Menu], Question | Move]
    answer: Callable[[State, Heard, Menu], Move | str | None]
    hint: Callable[[Phrases], str]
    back: str = "welcome"


def to(step: str, state: State, *notes: str, **changes: Any) -> Move:
    """A move to that step's first page."""
    return Move(replace(state, step=step, page=0, **changes), notes)


def language_of(state: State) -> Language:
    return state.language or "ar"


def say(state: State) -> Phrases:
    """The sentences in the customer's language."""
    return phrases_in(language_of(state))
