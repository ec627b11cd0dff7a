"""One answer of the talk: the state after it, what is said, and what is to be done."""

from __future__ import annotations

from dataclasses import dataclass

from conversations.content import Content
from sessions_state.dialogue.effects import Effect
from sessions_state.dialogue.state import State


@dataclass(frozen=True, slots=True)
class Turn:
    state: State
    replies: tuple[Content, ...] = ()
    effects: tuple[Effect, ...] = ()
