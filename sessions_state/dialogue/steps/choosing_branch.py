"""Which branch: asked only when there is a choice, and for a delivery only when no distance can tell."""

from __future__ import annotations

from dataclasses import replace

from orders.menu import Branch, Menu
from sessions_state.dialogue.fitting import name_of, row, tidy
from sessions_state.dialogue.listing import listing
from sessions_state.dialogue.path import next_step, serving_branch
from sessions_state.dialogue.state import State
from sessions_state.dialogue.step import Heard, Move, Question, Step, language_of, say, to
from sessions_state.dialogue.words import match


def ask(state: State, menu: Menu) -> Question | Move:
    only = serving_branch(state, menu)
    if only is not None:
        chosen = replace(state, branch_id=only.id)
        return to(next_step(chosen, menu), chosen, *_told(only, state))
    language, words = language_of(state), say(state)
    rows = [
        row(f"branch:{branch.id}", name_of(branch.name, language), about=tidy(branch.address.said_in(language)))
        for branch in menu.branches
    ]
    return listing(state, words.CHOOSE_BRANCH, words.SHOW_BRANCHES, rows)


def _told(branch: Branch, state: State) -> tuple[str, ...]:
    return (say(state).nearest_branch(name_of(branch.name, language_of(state))),) if state.place else ()


def answer(state: State, heard: Heard, menu: Menu) -> str | None:
    names = {f"branch:{branch.id}": (branch.name.ar, branch.name.en) for branch in menu.branches}
    return match(heard.text, names).one


STEP = Step(ask, answer, hint=lambda words: words.HINT_NAME, back="choosing_order_type")
