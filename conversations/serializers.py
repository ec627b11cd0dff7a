"""Conversations and messages as the API shows and takes them."""

from __future__ import annotations

import mimetypes
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from django.core.validators import URLValidator
from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from bots.numbers import addressed
from bots.rest.fields import Body, Flag, Moment, Optional, Text, YesNo, fields_of
from bots.rest.paging import PageQuery
from bots.serializers import PERSON
from conversations.content import BODY_LIMIT, TEXT_LIMIT, Content, Media
from conversations.content import Text as Words
from conversations.models import Conversation, Message

_FAMILIES = ("image", "audio", "video")
TYPES = ("text", "media", "image", "audio", "video", "document")


CONVERSATION: dict[str, Any] = {
    "id": "69845536-1c6e-40b2-9109-80b602b19bc9",
    "restaurantId": "b2d5aee3-cbdd-4b37-82f9-5e1cc64b585e",
    "customerPhone": "whatsapp:+966500000202",
    "customerName": "أحمد",
    "status": "active",
    "lastMessageAt": "2026-03-14T12:00:00Z",
    "unreadCount": 1,
    "isBotActive": True,
    "needsPerson": False,
    "assigneeId": None,
    "createdAt": "2026-03-14T11:59:00Z",
    "updatedAt": "2026-03-14T12:00:00Z",
    "botId": "c44fc4c2-9cf8-4e24-9999-3e6d3281ef97",
}
MESSAGE: dict[str, Any] = {
    "id": "612c18e3-6860-5023-a901-8596a64d01e1",
    "conversationId": "69845536-1c6e-40b2-9109-80b602b19bc9",
    "restaurantId": "b2d5aee3-cbdd-4b37-82f9-5e1cc64b585e",
    "direction": "OUT",
    "messageType": "text",
    "content": "Your order is on its way",
    "mediaUrl": None,
    "waSid": None,
    "status": "queued",
    "createdAt": "2026-03-14T12:01:00Z",
    "metadata": {
        "fromPhone": "whatsapp:+966500000101",
        "toPhone": "whatsapp:+966500000202",
        "author": "staff",
        "receivedAt": None,
        "errorCode": None,
        "errorMessage": None,
        "choices": [],
        "choice": None,
        "location": None,
        "media": [],
    },
}


@extend_schema_serializer(examples=[OpenApiExample("A conversation", CONVERSATION)])
class ConversationOut(serializers.Serializer[Conversation]):
    id = serializers.UUIDField(source="code")
    restaurantId = serializers.UUIDField(source="restaurant.code")
    customerPhone = serializers.SerializerMethodField(help_text="The address, where the customer hides the number.")
    customerName = Optional(source="customer_name")
    status = serializers.ChoiceField(Conversation.Status.choices)
    lastMessageAt = Moment(source="last_message_at")
    unreadCount = serializers.IntegerField(source="unread_count")
    isBotActive = serializers.BooleanField(source="is_bot_active")
    needsPerson = serializers.BooleanField(source="needs_attention")
    assigneeId = serializers.UUIDField(source="assignee_code", allow_null=True, help_text="Who of the staff has it.")
    createdAt = Moment(source="created_at")
    updatedAt = Moment(source="updated_at")
    botId = serializers.UUIDField(source="bot.code")

    @extend_schema_field({"type": "string", "example": "whatsapp:+966500000201"})
    def get_customerPhone(self, row: Conversation) -> str:
        return addressed(row.customer_phone or row.customer_address)


@extend_schema_serializer(
    examples=[OpenApiExample("The totals", {"totalConversations": 3, "activeConversations": 2, "totalUnread": 4})]
)
class Totals(serializers.Serializer[Any]):
    totalConversations = serializers.IntegerField()
    activeConversations = serializers.IntegerField()
    totalUnread = serializers.IntegerField()


@extend_schema_field({"type": "string", "maxLength": 100})
class Search(serializers.CharField):
    """Empty it chooses nothing, which the schema must not say a second time as a value of its own."""


class Assignee(serializers.RegexField):
    """An id, or “none”."""

    def __init__(self, **options: Any) -> None:
        uuid = "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
        super().__init__(rf"^(none|{uuid})\Z", **{"required": False, "trim_whitespace": False, **options})


class ConversationsQuery(PageQuery):
    status = serializers.ChoiceField(Conversation.Status.choices, required=False, allow_blank=True)
    unread = YesNo(help_text="Whether something is unread.")
    needsPerson = YesNo(help_text="Whether a person is called for.")
    assignee = Assignee(help_text="The id of who has it (`/api/db/restaurants/{code}/staff`), or `none`.")
    search = Search(
        required=False, allow_blank=True, max_length=100, help_text="Part of the name, the number or the address."
    )


class MessagesQuery(PageQuery):
    default_limit = 100


class ChoiceOut(serializers.Serializer[Any]):
    id = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()


class PlaceOut(serializers.Serializer[Any]):
    """Degrees (WGS 84)."""

    latitude = serializers.FloatField()
    longitude = serializers.FloatField()
    address = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]


class FileOut(serializers.Serializer[Any]):
    url = serializers.CharField()
    contentType = serializers.CharField()
    name = serializers.CharField()


class MetadataOut(serializers.Serializer[Any]):
    fromPhone = serializers.CharField()
    toPhone = serializers.CharField()
    author = serializers.ChoiceField(Message.Author.choices)
    receivedAt = Moment(allow_null=True, help_text="When it reached us; null of what goes out.")
    errorCode = serializers.CharField(allow_null=True)
    errorMessage = serializers.CharField(allow_null=True)
    choices = ChoiceOut(many=True, help_text="What was offered to the customer.")
    choice = serializers.CharField(allow_null=True, help_text="The id of what the customer tapped.")
    location = PlaceOut(allow_null=True)
    media = FileOut(many=True, help_text="A customer's files need the Twilio account's credentials to be read.")


@extend_schema_serializer(examples=[OpenApiExample("A reply of staff", MESSAGE)])
class MessageOut(serializers.Serializer[Message]):
    id = serializers.UUIDField(source="code")
    conversationId = serializers.UUIDField(source="conversation.code")
    restaurantId = serializers.UUIDField(source="conversation.restaurant.code")
    direction = serializers.ChoiceField(Message.Direction.choices)
    messageType = serializers.SerializerMethodField()
    content = serializers.CharField(source="body")
    mediaUrl = serializers.SerializerMethodField()
    waSid = Optional(source="provider_sid")
    status = serializers.ChoiceField(Message.Status.choices)
    createdAt = Moment(source="created_at", help_text="When it was stored; later messages have later times.")
    metadata = serializers.SerializerMethodField()

    def get_messageType(self, message: Message) -> str:
        return _type_of(message)

    @extend_schema_field({"type": "string", "nullable": True})
    def get_mediaUrl(self, message: Message) -> str | None:
        files = _files(message)
        return files[0]["url"] if files else None

    @extend_schema_field(MetadataOut())
    def get_metadata(self, message: Message) -> dict[str, Any]:
        return _metadata(message)


def _metadata(message: Message) -> dict[str, Any]:
    talk, content = message.conversation, message.content or {}
    ends = [addressed(talk.customer_phone or talk.customer_address), addressed(talk.bot.whatsapp_number)]
    is_inbound = message.direction == Message.Direction.IN
    start, end = ends if is_inbound else ends[::-1]
    return {
        "fromPhone": start,
        "toPhone": end,
        "author": message.author,
        "receivedAt": message.received_at and Moment().to_representation(message.received_at),
        "errorCode": message.error_code or None,
        "errorMessage": message.error_reason or None,
        "choices": content.get("choices") or [],
        "choice": content.get("choice") or None,
        "location": _place(content.get("place")),
        "media": _files(message),
    }


def _place(place: dict[str, Any] | None) -> dict[str, Any] | None:
    if not place:
        return None
    degrees = {name: float(Decimal(str(place[name]))) for name in ("latitude", "longitude")}
    return {**degrees, "address": place.get("address", ""), "label": place.get("label", "")}


def _files(message: Message) -> list[dict[str, str]]:
    content = message.content or {}
    if message.direction == Message.Direction.OUT:
        url = content.get("url")
        return [{"url": url, "contentType": content.get("mime", ""), "name": ""}] if url else []
    parts = sorted(message.media.all(), key=lambda part: part.position)
    return [{"url": part.provider_url, "contentType": part.content_type, "name": part.name} for part in parts]


def _type_of(message: Message) -> str:
    """The stored kind; what we sent as media is told apart as what we received is."""
    if message.kind != "media":
        return message.kind
    mime = str((message.content or {}).get("mime", ""))
    family = mime.partition("/")[0]
    return family if family in _FAMILIES else ("document" if mime else "media")


@extend_schema_serializer(
    examples=[
        OpenApiExample("Words", {"content": "Your order is on its way"}),
        OpenApiExample("A file", {"mediaUrl": "https://cdn.example.com/menu.pdf", "content": "Our menu"}),
    ]
)
class MessageIn(Body[Any]):
    """What staff say: words, or a file with words."""

    shown_only = fields_of(MessageOut)

    content = Text(required=False, allow_null=True, allow_blank=True, max_length=TEXT_LIMIT, trim_whitespace=False)
    messageType = serializers.ChoiceField(TYPES, required=False, allow_null=True)
    mediaUrl = Optional(
        max_length=2000,
        validators=[URLValidator(schemes=["https"], message="Enter a public https address.")],
        help_text="A public https address; `content` is then the caption.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        url, words, kind = attrs.get("mediaUrl", ""), attrs.get("content", ""), attrs.get("messageType") or ""
        if not url and kind not in ("", "text"):
            raise ValidationError({"mediaUrl": [ErrorDetail("This field is required.", code="required")]})
        if url and kind == "text":
            raise ValidationError({"messageType": ["A text has no mediaUrl."]})
        if not url and not words.strip():
            raise ValidationError({"content": [ErrorDetail("This field is required.", code="required")]})
        if url and len(words) > BODY_LIMIT:
            raise ValidationError({"content": [f"A caption has at most {BODY_LIMIT} characters."]})
        return attrs


def content_in(fields: dict[str, Any]) -> Content:
    """What a valid MessageIn says."""
    url = fields.get("mediaUrl", "")
    if not url:
        return Words(fields["content"])
    guessed, _ = mimetypes.guess_type(urlsplit(url).path)
    kind = fields.get("messageType") or ""
    named = f"{kind}/*" if kind in _FAMILIES else ""
    fits = guessed and (not named or guessed.startswith(f"{kind}/"))
    return Media(url, (guessed or "") if fits else named, fields.get("content", "").strip())


@extend_schema_serializer(examples=[OpenApiExample("Over to staff", {"enabled": False})])
class ToggleIn(Body[Any]):
    shown_only = fields_of(ConversationOut)

    enabled = Flag(help_text="Whether the bot answers; false hands the conversation to staff.")


@extend_schema_serializer(examples=[OpenApiExample("To one of the staff", {"userId": PERSON["id"]})])
class AssignIn(Body[Any]):
    shown_only = fields_of(ConversationOut)

    userId = serializers.UUIDField(allow_null=True, help_text="The id of one of the staff; null lets go of it.")


@extend_schema_serializer(examples=[OpenApiExample("Nothing", {})])
class Nothing(Body[Any]):
    """A body without fields; none at all will do."""

    shown_only = fields_of(ConversationOut)
