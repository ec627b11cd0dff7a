"""Quick replies and lists as content resources: the shape is the resource, the words are its variables.

So that an account needs a handful of resources and not one a message. Twilio refuses a variable that is empty or has
a newline, a tab or more than four spaces in a row (error 21656): each line of a body is a variable of its own.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

_LONG_GAP = re.compile(r" {5,}")


@dataclass(frozen=True, slots=True)
class Row:
    """One answer on offer; `id` comes back when it is tapped."""

    id: str
    title: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Shaped:
    """`types` as the Content API takes them, with `{{1}}`… for all words; `variables` are the words."""

    types: dict[str, Any]
    variables: dict[str, str]

    @property
    def fingerprint(self) -> str:
        """The same for all messages that this resource can carry."""
        return hashlib.sha256(json.dumps(self.types, sort_keys=True).encode()).hexdigest()


@dataclass
class _Words:
    filled: dict[str, str] = field(default_factory=dict)

    def slot(self, text: str) -> str:
        """The placeholder for this text."""
        number = str(len(self.filled) + 1)
        self.filled[number] = _LONG_GAP.sub(" " * 4, text.replace("\t", " ")).strip()
        return f"{{{{{number}}}}}"

    def lines(self, text: str) -> str:
        return "\n".join(self.slot(line) if line.strip() else "" for line in text.strip().splitlines())

    def line(self, text: str) -> str:
        return self.slot(" ".join(text.split()))


def quick_reply(body: str, rows: Sequence[Row]) -> Shaped:
    """A body with buttons (https://www.twilio.com/docs/content/twilio-quick-reply)."""
    words = _Words()
    said = words.lines(body)
    actions = [{"type": "QUICK_REPLY", "title": words.line(row.title), "id": words.line(row.id)} for row in rows]
    return Shaped({"twilio/quick-reply": {"body": said, "actions": actions}}, words.filled)


def list_picker(body: str, button: str, rows: Sequence[Row]) -> Shaped:
    """A body with a list (https://www.twilio.com/docs/content/twilio-list-picker)."""
    words = _Words()
    said, opener = words.lines(body), words.line(button)
    items = [_item(words, row) for row in rows]
    return Shaped({"twilio/list-picker": {"body": said, "button": opener, "items": items}}, words.filled)


def _item(words: _Words, row: Row) -> dict[str, str]:
    item = {"item": words.line(row.title), "id": words.line(row.id)}
    if row.description.strip():
        item["description"] = words.line(row.description)
    return item
