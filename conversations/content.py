"""What can be said to a customer, as plain values.

WhatsApp's limits (Meta, through Twilio's content types): at most 3 buttons with titles of 20 characters, at most 10
list rows of 24 + 72 characters, a list's button of 20, 1,024 characters of body beside choices and 1,600 characters of
plain text. A value that breaks one cannot be made: the maker learns it at once, not Twilio.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

TEXT_LIMIT = 1600
BODY_LIMIT = 1024
BUTTONS_LIMIT = 3
BUTTON_TITLE_LIMIT = 20
ROWS_LIMIT = 10
ROW_TITLE_LIMIT = 24
ROW_DESCRIPTION_LIMIT = 72


class ContentError(ValueError):
    """The content does not fit into what WhatsApp carries; the message names the limit."""


def _at_most(limit: int, text: str, what: str) -> None:
    if not text.strip():
        raise ContentError(f"{what} is empty")
    if len(text) > limit:
        raise ContentError(f"{what} has {len(text)} characters, WhatsApp takes {limit}")


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer on offer. `id` comes back when the customer taps it (at most 200 characters)."""

    id: str
    title: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    body: str

    def __post_init__(self) -> None:
        _at_most(TEXT_LIMIT, self.body, "A text")


@dataclass(frozen=True, slots=True)
class Buttons:
    """A body with one to three quick-reply buttons."""

    body: str
    choices: tuple[Choice, ...]

    def __post_init__(self) -> None:
        _at_most(BODY_LIMIT, self.body, "A body with buttons")
        if not 1 <= len(self.choices) <= BUTTONS_LIMIT:
            raise ContentError(f"{len(self.choices)} buttons, WhatsApp takes 1 to {BUTTONS_LIMIT}")
        for choice in self.choices:
            _at_most(BUTTON_TITLE_LIMIT, choice.title, f"The button “{choice.title}”")


@dataclass(frozen=True, slots=True)
class Listing:
    """A body with a button that opens one to ten rows."""

    body: str
    button: str
    choices: tuple[Choice, ...]

    def __post_init__(self) -> None:
        _at_most(BODY_LIMIT, self.body, "A body with a list")
        _at_most(BUTTON_TITLE_LIMIT, self.button, "A list's button")
        if not 1 <= len(self.choices) <= ROWS_LIMIT:
            raise ContentError(f"{len(self.choices)} rows, WhatsApp takes 1 to {ROWS_LIMIT}")
        for choice in self.choices:
            _at_most(ROW_TITLE_LIMIT, choice.title, f"The row “{choice.title}”")
            if len(choice.description) > ROW_DESCRIPTION_LIMIT:
                raise ContentError(f"A row's description has more than {ROW_DESCRIPTION_LIMIT} characters")


@dataclass(frozen=True, slots=True)
class Media:
    """A picture, video, sound or document at a public https address, with an optional caption."""

    url: str
    mime: str = ""
    caption: str = ""


@dataclass(frozen=True, slots=True)
class AskLocation:
    """A request to share a place by WhatsApp's own attachment menu."""

    body: str

    def __post_init__(self) -> None:
        _at_most(BODY_LIMIT, self.body, "A request for a location")


@dataclass(frozen=True, slots=True)
class Template:
    """An approved template by name, for use outside the 24-hour window; `variables` fill {{1}}, {{2}}…"""

    name: str
    language: Literal["ar", "en"]
    variables: tuple[str, ...] = ()


Content = Text | Buttons | Listing | Media | AskLocation | Template

_KINDS: dict[str, type[Any]] = {
    "text": Text,
    "buttons": Buttons,
    "list": Listing,
    "media": Media,
    "ask_location": AskLocation,
    "template": Template,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def kind_of(content: Content) -> str:
    """The stored name: text, buttons, list, media, ask_location or template."""
    return _NAMES[type(content)]


def choices_of(content: Content) -> tuple[Choice, ...]:
    """The answers on offer, in order; none for what offers none."""
    return content.choices if isinstance(content, Buttons | Listing) else ()


def to_json(content: Content) -> dict[str, Any]:
    """`{"kind": …, <fields>}`; `from_json` gives back an equal value."""
    if isinstance(content, Buttons | Listing):
        rows = [{"id": c.id, "title": c.title, "description": c.description} for c in content.choices]
        extra = {"button": content.button} if isinstance(content, Listing) else {}
        return {"kind": kind_of(content), "body": content.body, "choices": rows, **extra}
    if isinstance(content, Template):
        return {
            "kind": "template",
            "name": content.name,
            "language": content.language,
            "variables": list(content.variables),
        }
    if isinstance(content, Media):
        return {"kind": "media", "url": content.url, "mime": content.mime, "caption": content.caption}
    return {"kind": kind_of(content), "body": content.body}


def from_json(data: dict[str, Any]) -> Content:
    """The value that `to_json` wrote. Raises ContentError for an unknown kind."""
    fields = dict(data)
    kind = _KINDS.get(fields.pop("kind", ""))
    if kind is None:
        raise ContentError(f"Unknown kind of content: {data.get('kind')!r}")
    if "choices" in fields:
        fields["choices"] = tuple(Choice(**row) for row in fields["choices"])
    if "variables" in fields:
        fields["variables"] = tuple(fields["variables"])
    made: Content = kind(**fields)
    return made


def body_of(content: Content) -> str:
    """The words without their choices, as shown in an inbox line."""
    if isinstance(content, Media):
        return content.caption
    if isinstance(content, Template):
        return " ".join(content.variables)
    return content.body


def as_text(content: Content) -> str:
    """The same words with numbered choices, for where interactive messages cannot be sent."""
    lines = [body_of(content)]
    for number, choice in enumerate(choices_of(content), start=1):
        tail = f" — {choice.description}" if choice.description else ""
        lines.append(f"{number}. {choice.title}{tail}")
    text = "\n".join(line for line in lines if line)
    return text if len(text) <= TEXT_LIMIT else _titles_only(content)


def _titles_only(content: Content) -> str:
    lines = [body_of(content), *(f"{n}. {c.title}" for n, c in enumerate(choices_of(content), start=1))]
    return "\n".join(lines)
