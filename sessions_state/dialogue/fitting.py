"""Making words fit WhatsApp's limits without hiding anything: what is shortened shows it, what is long is spread."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import replace

from conversations.content import (
    BODY_LIMIT,
    ROW_DESCRIPTION_LIMIT,
    ROW_TITLE_LIMIT,
    TEXT_LIMIT,
    AskLocation,
    Buttons,
    Choice,
    Content,
    Listing,
    Text,
)
from orders.menu import Language, Words

NAME_LIMIT = 100
PERSON_LIMIT = 30
LISTING_BODY = 500
"""Beside ten full rows this still fits into one text of 1,600, where a list goes out as numbered lines."""
_JOINERS = "\u200c\u200d"


def clip(text: str, limit: int) -> str:
    """The text, or its beginning with "…" when it is longer than `limit`."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def tidy(text: str) -> str:
    """One line without control characters and without marks that turn the direction of what follows."""
    kept = (" " if char.isspace() else char for char in text if char.isspace() or _harmless(char))
    return " ".join("".join(kept).split())


def _harmless(char: str) -> bool:
    return char in _JOINERS or unicodedata.category(char)[0] != "C"


def name_of(words: Words, language: Language, limit: int = NAME_LIMIT) -> str:
    """A name to show, at most `limit` characters; "—" for a nameless thing."""
    name = tidy(words.said_in(language))
    return clip(name, limit) if name.strip(_JOINERS) else "—"


def person(name: str) -> str:
    """A customer's own name, harmless and at most 30 characters; empty when nothing is left of it."""
    bare = "".join(char for char in tidy(name) if char not in "*_~`" + _JOINERS)
    return bare[:PERSON_LIMIT].strip()


def row(choice_id: str, name: str, detail: str = "", about: str = "") -> Choice:
    """A list row. A name longer than a title goes on in the description; `detail` (a price) is never shortened."""
    if len(name) <= ROW_TITLE_LIMIT:
        return Choice(choice_id, name, _described(detail, about))
    whole = _joined(name, detail)
    if len(whole) <= ROW_DESCRIPTION_LIMIT:
        return Choice(choice_id, clip(name, ROW_TITLE_LIMIT), whole)
    head = clip(name, ROW_TITLE_LIMIT)
    room = ROW_DESCRIPTION_LIMIT - len(_joined("…", detail)) + 1
    return Choice(choice_id, head, _joined(clip("…" + name[len(head) - 1 :].lstrip(), room), detail))


def _described(detail: str, about: str) -> str:
    room = ROW_DESCRIPTION_LIMIT - len(_joined(detail, "…")) + 1
    return _joined(detail, clip(about, room))


def _joined(first: str, second: str) -> str:
    return " · ".join(part for part in (first, second) if part)


def texts(lines: Iterable[str], limit: int = TEXT_LIMIT) -> tuple[Text, ...]:
    """The lines in as few texts as carry them; no line is broken unless it alone is too long."""
    bodies: list[str] = []
    for line in lines:
        if bodies and len(bodies[-1]) + 1 + len(line) <= limit:
            bodies[-1] += "\n" + line
        elif line.strip():
            bodies.append(clip(line, limit))
    return tuple(Text(body) for body in bodies)


def room_in(content: Content) -> int:
    """How many characters its body may have."""
    if isinstance(content, Listing):
        return LISTING_BODY
    return BODY_LIMIT if isinstance(content, Buttons | AskLocation) else TEXT_LIMIT


def with_notes(notes: tuple[str, ...], content: Content) -> tuple[Content, ...]:
    """The notes and the content, in one message when that fits."""
    ahead = "\n\n".join(note for note in notes if note)
    if not ahead:
        return (content,)
    if isinstance(content, Text | Buttons | Listing | AskLocation):
        body = f"{ahead}\n\n{content.body}"
        if len(body) <= room_in(content):
            return (replace(content, body=body),)
    return (*texts(notes), content)
