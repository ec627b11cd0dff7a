"""Whole talks, written down in `tests/transcripts/*.txt` for anybody to read.

A transcript holds what the customer, the restaurant's world and the clock do, and below each what the bot answers and
what is done in the world. After a wanted change of the talk record them anew and read the difference before it is
committed:

    RERECORD=1 .venv/bin/pytest tests/sessions_state/dialogue/test_transcripts.py && git diff tests/transcripts

Lines that a transcript may hold (everything else is the bot's side and is written by recording):

    # a remark
    menu: demo | one branch | minimum 50 | juices | closed | no branches
    name: Sara                      how WhatsApp names the customer
    customer: words
    customer taps: a title          of the newest message that has it
    customer taps an older: a title
    customer shares: 24.70, 46.68, an address
    customer sends: voice, a caption
    clock: 45 minutes
    menu: sold out chicken | removed beef | price pepsi 5
    world: order 1 becomes delivered
    world: refuses the next order, closed
    staff: hand back | nobody came
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

import pytest

from conversations.content import AskLocation, Content, Listing, body_of, choices_of
from sessions_state.dialogue.effects import Effect, FindOrders, HandOver, PlaceOrder, RateOrder
from sessions_state.dialogue.events import OrderStatus
from tests.sessions_state.dialogue.menus import MENUS, priced, removed, sold_out
from tests.sessions_state.dialogue.talk import Refusal, Talk, plain

FOLDER = Path(__file__).parents[2] / "transcripts"
RERECORD = bool(os.environ.get("RERECORD"))
ACTORS = ("#", "menu:", "name:", "customer", "clock:", "world:", "staff:")


@dataclass
class Stage:
    talk: Talk = field(default_factory=Talk)
    played: list[str] = field(default_factory=list)

    def play(self, text: str) -> str:
        for line in text.splitlines():
            if line.startswith(ACTORS):
                self._line(line)
        return "\n".join(self.played).strip() + "\n"

    def _line(self, line: str) -> None:
        if line.startswith("#"):
            self.played.append(line)
            return
        before = len(self.talk.done)
        actor, _, what = line.partition(":")
        shown = self._act(actor, what.strip())
        self.played += ["", line, *(f"  => {_effect(effect)}" for effect in self.talk.done[before:])]
        for content in shown:
            self.played += _content(content)

    def _act(self, actor: str, what: str) -> tuple[Content, ...]:
        talk = self.talk
        match actor:
            case "customer":
                return talk.says(what)
            case "customer taps":
                return talk.taps(what)
            case "customer taps an older":
                return talk.taps(what, older=True)
            case "customer shares":
                return talk.shares(*(part.strip() for part in what.split(",", 2)))
            case "customer sends":
                return talk.sends(*(part.strip() for part in what.split(",", 1)))
            case "clock":
                talk.passes(int(what.split()[0]))
            case "name":
                talk.name = what
            case "menu":
                self._menu(what)
            case "world":
                return self._world(what)
            case "staff":
                return talk.handed_back(unanswered=what == "nobody came")
            case _:
                raise ValueError(f"Nobody is called {actor!r}")
        return ()

    def _menu(self, what: str) -> None:
        talk, words = self.talk, what.split()
        if what in MENUS:
            talk.menu = MENUS[what]
        elif what.startswith("sold out"):
            talk.menu = sold_out(talk.menu, *words[2:])
        elif what.startswith("removed"):
            talk.menu = removed(talk.menu, *words[1:])
        elif what.startswith("price"):
            talk.menu = priced(talk.menu, *words[1:])
        else:
            raise ValueError(f"No menu is called {what!r}")

    def _world(self, what: str) -> tuple[Content, ...]:
        words = what.split()
        if what.startswith("refuses the next order"):
            self.talk.refuses_next = next(known for known in get_args(Refusal) if known == words[-1])
            return ()
        status = next(known for known in get_args(OrderStatus) if known == words[-1])
        return self.talk.order_becomes(int(words[1]), status)


def _content(content: Content) -> list[str]:
    lines = [plain(line) for line in body_of(content).split("\n")]
    written = [f"bot: {lines[0]}", *(f"     {line}".rstrip() for line in lines[1:])]
    if isinstance(content, AskLocation):
        written.append("     [ask for the location]")
    if isinstance(content, Listing):
        written.append(f"     [list: {content.button}]")
    for number, choice in enumerate(choices_of(content), start=1):
        tail = f" | {plain(choice.description)}" if choice.description else ""
        written.append(f"       {number}. {plain(choice.title)}{tail}")
    return written


def _effect(effect: Effect) -> str:
    match effect:
        case PlaceOrder():
            lines = ", ".join(f"{line.quantity} {line.item_id}" for line in effect.cart.lines)
            place = f" to {effect.place.latitude}, {effect.place.longitude}" if effect.place else ""
            return f"place order: {lines}; {effect.order_type}{place}; branch {effect.branch_id}; {effect.payment}"
        case FindOrders():
            return "find orders"
        case HandOver():
            return f"hand over to staff ({effect.reason})"
        case RateOrder():
            return f"rate {effect.order_code}: {effect.score}"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.txt")), ids=lambda path: path.stem)
def test_transcript(path: Path) -> None:
    written = path.read_text(encoding="utf-8")
    played = Stage().play(written)
    if RERECORD:
        path.write_text(played, encoding="utf-8")
    assert played == path.read_text(encoding="utf-8")


def test_there_are_transcripts() -> None:
    assert len(list(FOLDER.glob("*.txt"))) >= 15
