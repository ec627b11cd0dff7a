"""What the phone shows, read from the rows."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from conversations.content import Choice, Content, ContentError, Listing, Media, choices_of, from_json, kind_of
from conversations.models import Conversation, Message
from conversations.simulator.posting import said_of
from conversations.simulator.said import Attachment, Place, Said, Tap, Unsayable
from conversations.writing import formatted

SHOWN = 60
"""Messages on the screen, the newest."""
ON_THE_WAY = (Message.Status.QUEUED, Message.Status.SENDING)


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a message has come: `name` for the eye, `label` in words."""

    name: str
    label: str


@dataclass(frozen=True, slots=True)
class Bubble:
    """`key` names it on the page; the customer's own bubble has it before the server knows the message."""

    key: str
    code: str
    mine: bool
    by_person: bool
    kind: str
    text: SafeString
    at: datetime
    mark: Mark
    choices: tuple[Choice, ...] = ()
    button: str = ""
    media: Media | None = None
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Glance:
    """The state of the newest messages without their words. `token` changes whenever anything on the screen would."""

    keys: tuple[str, ...]
    pks: tuple[int, ...]
    marks: tuple[Mark, ...]
    is_typing: bool
    token: str

    def newer_than(self, token: str) -> tuple[int, ...]:
        """The rows that a page with this older token does not have; all of them for a token of another screen."""
        last = token.partition("-")[0]
        return self.pks[self.keys.index(last) + 1 :] if last in self.keys else self.pks


_FIELDS = ("pk", "conversation", "code", "direction", "status", "handled_at", "provider_sid")


def glance(talk: Conversation | None) -> Glance:
    """One query."""
    rows = list(talk.messages.order_by("-pk").only(*_FIELDS)[:SHOWN])[::-1] if talk else []
    keys, marks = tuple(_key(row) for row in rows), tuple(_mark(row) for row in rows)
    state = hashlib.blake2s(repr([(key, mark.name) for key, mark in zip(keys, marks, strict=True)]).encode())
    return Glance(
        keys=keys,
        pks=tuple(row.pk for row in rows),
        marks=marks,
        is_typing=any(mark.name in ("stored", *ON_THE_WAY) for mark in marks),
        token=f"{keys[-1] if keys else ''}-{state.hexdigest()[:16]}",
    )


def bubbles(pks: Sequence[int]) -> list[Bubble]:
    """One query, none for nothing."""
    rows = Message.objects.filter(pk__in=pks).order_by("pk") if pks else []
    return [_own(row) if row.direction == Message.Direction.IN else _answer(row) for row in rows]


def choice_in(message: Message, choice_id: str) -> Choice | None:
    """The choice of this id that the message offers."""
    content = content_of(message)
    offered = choices_of(content) if content else ()
    return next((choice for choice in offered if choice.id == choice_id), None)


def tap(message: Message, choice: Choice) -> Tap:
    """The customer's tap on this choice. Raises Unsayable while the message has not arrived."""
    if not message.provider_sid:
        raise Unsayable("gone")
    return Tap(choice, message.provider_sid, "list" if message.kind == "list" else "buttons")


def content_of(message: Message) -> Content | None:
    """What the bot said; None where the row holds no readable content."""
    try:
        return from_json(message.content or {})
    except (ContentError, TypeError):
        return None


def _key(message: Message) -> str:
    if message.direction == Message.Direction.IN and message.provider_sid:
        return message.provider_sid[2:]
    return message.code.hex


def _mark(message: Message) -> Mark:
    if message.direction == Message.Direction.OUT:
        return Mark(message.status, message.get_status_display())
    return Mark("handled", _("answered")) if message.handled_at else Mark("stored", _("stored"))


def _own(message: Message) -> Bubble:
    said = said_of(message.payload or {"Body": message.body})
    return Bubble(
        key=_key(message),
        code=str(message.code),
        mine=True,
        by_person=False,
        kind=_kind_said(said),
        text=formatted(said.caption if isinstance(said, Attachment) else message.body),
        at=message.received_at or message.created_at,
        mark=_mark(message),
        place=said if isinstance(said, Place) else None,
    )


def _kind_said(said: Said) -> str:
    if isinstance(said, Attachment):
        return said.kind
    return "place" if isinstance(said, Place) else "text"


def _answer(message: Message) -> Bubble:
    content = content_of(message)
    return Bubble(
        key=_key(message),
        code=str(message.code),
        mine=False,
        by_person=message.author == Message.Author.STAFF,
        kind=kind_of(content) if content else "text",
        text=formatted(message.body),
        at=message.created_at,
        mark=_mark(message),
        choices=choices_of(content) if content else (),
        button=content.button if isinstance(content, Listing) else "",
        media=content if isinstance(content, Media) else None,
    )
