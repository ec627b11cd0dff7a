"""A stored message becomes an event of the talk."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from conversations.models import Message
from sessions_state.dialogue.events import Event, Said, SentMedia, SharedPlace
from sessions_state.dialogue.state import Place

_WORDS = {"text", "button", "list", "flow", "unknown"}


def event_of(message: Message) -> Event:
    """What an inbound message means to the talk. Its time is the stored `received_at`, never the clock, so that the
    same messages always give the same talk."""
    at = message.received_at or message.created_at
    heard: dict[str, Any] = message.content or {}
    if heard.get("place"):
        return SharedPlace(at=at, place=_place(heard["place"]))
    if message.kind in _WORDS:
        return Said(at=at, text=message.body, choice=heard.get("choice"), customer_name=_name(message))
    return SentMedia(at=at, kind=message.kind, caption=message.body)


def _place(shared: dict[str, str]) -> Place:
    return Place(
        latitude=Decimal(shared["latitude"]),
        longitude=Decimal(shared["longitude"]),
        address=shared.get("address", ""),
        label=shared.get("label", ""),
    )


def _name(message: Message) -> str:
    """As it stood in this message: a later change of name must not change an earlier turn."""
    name = (message.payload or {}).get("ProfileName", "")
    return name if isinstance(name, str) else ""
