"""How messages look to staff: words for what is no text, places, ticks, days."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from bots.twilio.reasons import reason_in_words
from bots.words import map_of, person
from conversations.models import Conversation, Message
from conversations.outbox import again_code

_KINDS: dict[str, Promise] = {
    "image": gettext_lazy("Photo"),
    "audio": gettext_lazy("Voice message"),
    "video": gettext_lazy("Video"),
    "document": gettext_lazy("Document"),
    "sticker": gettext_lazy("Sticker"),
    "contacts": gettext_lazy("Contact card"),
    "media": gettext_lazy("File"),
    "location": gettext_lazy("Location"),
    "flow": gettext_lazy("Filled-in form"),
    "ask_location": gettext_lazy("Asked for the location"),
    "template": gettext_lazy("Template message"),
    "unknown": gettext_lazy("Something that WhatsApp does not pass on"),
}
_TAPS = ("button", "list")
_BY_TYPE = {"image": "image", "audio": "audio", "video": "video"}
_TICKS = {"queued": "…", "sending": "…", "accepted": "…", "sent": "✓", "delivered": "✓✓", "read": "✓✓"}


def kind_of(message: Message) -> str:
    """What it is, in words; empty for what speaks for itself: texts, and buttons and lists that we sent."""
    if message.kind in _TAPS and message.direction == Message.Direction.IN:
        return pgettext("the customer, on an offered answer", "Tapped")
    return str(_KINDS.get(message.kind, ""))


def media_in_words(content_type: str) -> str:
    """`image/jpeg` → Photo."""
    if "vcard" in content_type:
        return str(_KINDS["contacts"])
    return str(_KINDS[_BY_TYPE.get(content_type.partition("/")[0], "document")])


def preview_of(message: Message) -> str:
    """One line about what was said: words for what is no text, then its beginning."""
    text = " ".join(message.body.split())[:160]
    parts = [kind_of(message), text]
    return ": ".join(part for part in parts if part) or _("Message without text")


@dataclass(frozen=True, slots=True)
class Place:
    latitude: Decimal
    longitude: Decimal
    words: str

    @property
    def url(self) -> str:
        return map_of(self.latitude, self.longitude)


def place_in(content: dict[str, Any] | None) -> Place | None:
    """The shared place in a stored content; None where there is none that a map can show."""
    fields = (content or {}).get("place") or {}
    try:
        latitude, longitude = Decimal(str(fields["latitude"])), Decimal(str(fields["longitude"]))
    except (KeyError, InvalidOperation):
        return None
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        return None
    return Place(latitude, longitude, " · ".join(str(fields[k]) for k in ("label", "address") if fields.get(k)))


@dataclass(frozen=True, slots=True)
class Bubble:
    """A message as the thread shows it; `is_repeated` when what did not arrive was sent once more."""

    message: Message
    is_repeated: bool = False

    @property
    def is_inbound(self) -> bool:
        return self.message.direction == Message.Direction.IN

    @property
    def at(self) -> datetime:
        return self.message.received_at or self.message.created_at

    @property
    def author(self) -> str:
        if self.message.author == Message.Author.STAFF:
            return person(self.message.author_user) or _("Another system")
        return "" if self.is_inbound else _("Bot")

    @property
    def kind(self) -> str:
        return kind_of(self.message)

    @property
    def preview(self) -> str:
        return preview_of(self.message)

    @property
    def choices(self) -> list[dict[str, str]]:
        """What was offered: `{id, title, description}`."""
        return list((self.message.content or {}).get("choices") or []) if not self.is_inbound else []

    @property
    def list_button(self) -> str:
        return str((self.message.content or {}).get("button") or "") if not self.is_inbound else ""

    @property
    def place(self) -> Place | None:
        return place_in(self.message.content)

    @property
    def media(self) -> list[tuple[str, str]]:
        """(what it is in words, file name)."""
        return [(media_in_words(part.content_type), part.name) for part in self.message.media.all()]

    @property
    def text(self) -> str:
        """The words; the name of a file is shown with the file."""
        names = {part.name for part in self.message.media.all()}
        said = (self.message.content or {}).get("title") or self.message.body
        return "" if said in names else str(said)

    @property
    def tick(self) -> str:
        return _TICKS.get(self.message.status, "!")

    @property
    def reason(self) -> str:
        """Why it did not arrive, in the reader's language."""
        code = self.message.error_code
        return str(reason_in_words(code)) if code else self.message.error_reason

    @property
    def has_failed(self) -> bool:
        return self.message.status in (Message.Status.FAILED, Message.Status.UNDELIVERED)


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the thread: a message, before which a new day may begin."""

    bubble: Bubble
    new_day: date | None


def entries(messages: Collection[Message]) -> Iterator[Entry]:
    """In the time zone that is switched on."""
    shown: date | None = None
    codes = {message.code for message in messages}
    for message in messages:
        bubble = Bubble(message, is_repeated=again_code(message) in codes)
        on = timezone.localdate(bubble.at)
        yield Entry(bubble, on if on != shown else None)
        shown = on


def window_is_over(conversation: Conversation, now: datetime) -> bool:
    """WhatsApp delivers free words only within 24 hours of the customer's last message (Twilio, error 63016)."""
    last = conversation.last_inbound_at
    return last is None or now - last > timedelta(hours=24)
