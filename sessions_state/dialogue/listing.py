"""Lists longer than WhatsApp's ten rows, page by page."""

from __future__ import annotations

from collections.abc import Sequence

from conversations.content import ROWS_LIMIT, Choice, Listing
from sessions_state.dialogue.fitting import LISTING_BODY, clip
from sessions_state.dialogue.state import State
from sessions_state.dialogue.step import Question, say

_CONTROLS = 2


def listing(state: State, body: str, button: str, rows: Sequence[Choice], tail: Sequence[Choice] = ()) -> Question:
    """The rows of `state.page` (0 is the first; too high a page means the last), then "more", "previous" and `tail`."""
    room = ROWS_LIMIT - len(tail)
    if len(rows) <= room:
        return Question(Listing(clip(body, LISTING_BODY), button, (*rows, *tail)))
    size = room - _CONTROLS
    last = (len(rows) - 1) // size
    page = max(0, min(state.page, last))
    shown = rows[page * size : (page + 1) * size]
    whole = f"{clip(body, LISTING_BODY - 50)} {say(state).page(page + 1, last + 1)}"
    return Question(Listing(whole, button, (*shown, *_turning(state, page, last), *tail)))


def _turning(state: State, page: int, last: int) -> tuple[Choice, ...]:
    words = say(state)
    more = (Choice(f"page:{page + 1}", words.MORE),) if page < last else ()
    previous = (Choice(f"page:{page - 1}", words.PREVIOUS),) if page > 0 else ()
    return (*more, *previous)
