"""What the inbox reads: pages of conversations and stretches of messages. Changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import phonenumbers
from django.db.models import OuterRef, Q, QuerySet, Subquery, Sum
from django.http import Http404

from bots.access import as_code, found
from bots.models import Bot, Restaurant
from bots.moments import moment_in
from conversations.models import Conversation, Message
from conversations.spelling import spellings_of

LINES = 30
LINES_AT_MOST = 300
MESSAGES = 40
MESSAGES_AT_MOST = 400

_FILTERS = {
    "all": Q(),
    "unread": Q(unread_count__gt=0),
    "attention": Q(needs_attention=True),
    "staff": Q(is_bot_active=False),
}


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in the list of conversations, newest first; as text `<time>~<code>`."""

    at: datetime
    code: UUID

    def __str__(self) -> str:
        return f"{self.at.isoformat()}~{self.code}"


def cursor_of(text: str) -> Cursor:
    """Raises Http404 for what no page has given out."""
    at, _, code = text.partition("~")
    try:
        return Cursor(moment_in(at.replace(" ", "+")), as_code(code))
    except ValueError as error:
        raise Http404 from error


@dataclass(frozen=True, slots=True)
class Line:
    """A conversation in the list, with what was said last."""

    conversation: Conversation
    last: Message | None

    @property
    def cursor(self) -> Cursor:
        return Cursor(self.conversation.last_message_at, self.conversation.code)


@dataclass(frozen=True, slots=True)
class Lines:
    lines: Sequence[Line]
    has_more: bool

    @property
    def end(self) -> Cursor | None:
        return self.lines[-1].cursor if self.lines else None


def lines_of(
    restaurant: Restaurant,
    *,
    show: str = "all",
    search: str = "",
    before: Cursor | None = None,
    until: Cursor | None = None,
) -> Lines:
    """A page of conversations, newest first: the first, the one `before` a place, or everything `until` a place.
    Two queries, and one for a place. Raises Http404 for a place that is another restaurant's."""
    rows = _matching(restaurant, show, search)
    most = LINES
    if before is not None:
        rows = rows.filter(_older_than(restaurant, before))
    elif until is not None and (newer := rows.exclude(_older_than(restaurant, until)).count()) > LINES:
        most = min(newer, LINES_AT_MOST)
    page = list(_with_last_message(rows)[: most + 1])
    return Lines(_lines(page[:most]), len(page) > most)


def unread_in(restaurant: Restaurant) -> int:
    """Messages that nobody has seen yet."""
    total = Conversation.objects.filter(restaurant=restaurant, unread_count__gt=0).aggregate(n=Sum("unread_count"))
    return int(total["n"] or 0)


def has_several_senders(restaurant: Restaurant) -> bool:
    """Then a line says to which sender the customer wrote."""
    return Bot.objects.filter(restaurant=restaurant).count() > 1


def _matching(restaurant: Restaurant, show: str, search: str) -> QuerySet[Conversation]:
    return Conversation.objects.filter(_FILTERS.get(show, Q()), naming(search), restaurant=restaurant)


def naming(search: str) -> Q:
    """By part of the name in any of its spellings, of the address or the number; digits in any script, with or without
    the leading zero."""
    words = search.strip()
    if not words:
        return Q()
    wanted = Q(customer_address__icontains=words)
    if pattern := spellings_of(words):
        wanted |= Q(customer_name__iregex=pattern)
    digits = phonenumbers.normalize_digits_only(words).lstrip("0")
    return wanted | Q(customer_phone__contains=digits) if len(digits) > 2 else wanted


def _older_than(restaurant: Restaurant, cursor: Cursor) -> Q:
    """Also of a conversation that has moved since, or that the filter does not show any more."""
    pk = found(Conversation.objects.filter(restaurant=restaurant), cursor.code).pk
    return Q(last_message_at__lt=cursor.at) | Q(last_message_at=cursor.at, id__lt=pk)


def _with_last_message(rows: QuerySet[Conversation]) -> QuerySet[Conversation]:
    newest = Message.objects.filter(conversation=OuterRef("pk")).order_by("-id").values("id")[:1]
    return rows.select_related("assigned_to", "bot").annotate(last_id=Subquery(newest))


def _lines(conversations: Sequence[Conversation]) -> list[Line]:
    ids: list[int] = [getattr(row, "last_id", None) or 0 for row in conversations]
    last = {message.pk: message for message in Message.objects.filter(pk__in=ids).defer("payload")}
    return [Line(row, last.get(pk)) for row, pk in zip(conversations, ids, strict=True)]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Messages in the order of speaking. `has_earlier`, `has_later`: there are others on that side."""

    messages: Sequence[Message]
    has_earlier: bool
    has_later: bool = False


def newest(conversation: Conversation) -> Stretch:
    return _stretch(_messages(conversation), MESSAGES)


def before(conversation: Conversation, code: object) -> Stretch:
    """The page that ends just before this message."""
    page = _stretch(_messages(conversation).filter(id__lt=_id_of(conversation, code)), MESSAGES)
    return Stretch(page.messages, page.has_earlier, has_later=True)


def since(conversation: Conversation, code: object, *, and_earlier: int = 0) -> Stretch:
    """From this message to the newest, and some earlier ones; never more than MESSAGES_AT_MOST, the newest."""
    later = _messages(conversation).filter(id__gte=_id_of(conversation, code)).order_by().count()
    return _stretch(_messages(conversation), min(max(later, 1) + and_earlier, MESSAGES_AT_MOST))


def _messages(conversation: Conversation) -> QuerySet[Message]:
    rows = conversation.messages.select_related("author_user").prefetch_related("media")
    return rows.defer("payload").order_by("-id")


def _id_of(conversation: Conversation, code: object) -> int:
    """Raises Http404 for a message of another conversation."""
    pk = conversation.messages.filter(code=as_code(code)).values_list("id", flat=True).first()
    if pk is None:
        raise Http404
    return pk


def _stretch(rows: QuerySet[Message], most: int) -> Stretch:
    page = list(rows[: most + 1])
    return Stretch(page[:most][::-1], len(page) > most)
