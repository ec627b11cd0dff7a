"""The operators' pages of conversations and messages: read, and try again what the bot could not answer."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.paginator import InfinitePaginator

from bots.admin.kinds import ReadOnly, SenderFilter, labelled
from bots.admin.showing import pretty
from conversations.inbound import retry_turn
from conversations.models import Conversation, Message

_COLOURS = {
    "received": "info",
    "queued": "warning",
    "sending": "warning",
    "accepted": "primary",
    "sent": "primary",
    "delivered": "success",
    "read": "success",
    "failed": "danger",
    "undelivered": "danger",
}


def parked(messages: QuerySet[Message]) -> QuerySet[Message]:
    """Those that the bot gave up on."""
    return messages.filter(direction=Message.Direction.IN).exclude(turn_error="")


class UnansweredFilter(admin.SimpleListFilter):
    title = _("bot could not answer")
    parameter_name = "unanswered"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Yes"))]


class UnansweredMessages(UnansweredFilter):
    def queryset(self, request: HttpRequest, queryset: QuerySet[Message]) -> QuerySet[Message]:
        return parked(queryset) if self.value() else queryset


class UnansweredConversations(UnansweredFilter):
    def queryset(self, request: HttpRequest, queryset: QuerySet[Conversation]) -> QuerySet[Conversation]:
        if not self.value():
            return queryset
        return queryset.filter(Exists(parked(Message.objects.filter(conversation=OuterRef("pk")))))


@admin.register(Conversation)
class ConversationAdmin(ReadOnly[Conversation]):
    list_display = [
        "customer",
        "restaurant",
        "bot",
        "status",
        "is_bot_active",
        "needs_attention",
        "unread_count",
        "last_message_at",
    ]
    list_select_related = ["restaurant", "bot"]
    list_filter = [SenderFilter, UnansweredConversations, "status", "is_bot_active", "needs_attention", "restaurant"]
    search_fields = ["customer_name", "=customer_phone", "=customer_address"]
    actions = ["try_again"]
    paginator = InfinitePaginator
    fields = [
        ("customer_name", "customer_phone", "customer_address"),
        ("restaurant", "bot"),
        ("status", "language"),
        ("is_bot_active", "needs_attention", "handoff_reason"),
        ("assigned_to", "handoff_until"),
        ("unread_count", "last_message_at", "last_inbound_at"),
        "created_at",
        "public_code",
        "said",
    ]
    readonly_fields = ["public_code", "said"]

    @admin.display(description=_("customer"), ordering="customer_name")
    def customer(self, conversation: Conversation) -> SafeString:
        return format_html("<bdi>{}</bdi>", conversation)

    @admin.display(description=_("messages"))
    def said(self, conversation: Conversation) -> SafeString:
        address = reverse("admin:conversations_message_changelist")
        words = _("Show the messages")
        return format_html('<a href="{}?conversation__id__exact={}">{}</a>', address, conversation.pk, words)

    @admin.action(description=_("Try again what the bot could not answer"), permissions=["retry"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[Conversation]) -> None:
        _retry(self, request, Message.objects.filter(conversation__in=queryset.values("pk")))

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return _may_retry(request)


@admin.register(Message)
class MessageAdmin(ReadOnly[Message]):
    list_display = ["id", "conversation", "restaurant", "direction", "author", "excerpt", "state", "created_at"]
    list_select_related = ["restaurant", "conversation"]
    list_filter = [UnansweredMessages, "direction", "author", "status", "restaurant"]
    search_fields = ["=provider_sid", "=conversation__customer_phone", "=conversation__customer_address"]
    ordering = ["-id"]
    actions = ["try_again"]
    paginator = InfinitePaginator
    fields = [
        ("direction", "author", "author_user"),
        ("conversation", "restaurant"),
        "bot",
        ("kind", "status"),
        "body",
        ("error_code", "error_reason"),
        ("attempts", "next_attempt_at", "lease_until"),
        ("handled_at", "turn_attempts", "turn_error"),
        "provider_sid",
        "public_code",
        ("received_at", "created_at"),
        "structured",
        "as_received",
    ]
    readonly_fields = ["structured", "as_received", "public_code"]

    @labelled(_("status"), _COLOURS, ordering="status")
    def state(self, message: Message) -> tuple[str, Any]:
        if message.turn_error:
            return "failed", _("bot could not answer")
        return message.status, message.get_status_display()

    @admin.display(description=_("text"))
    def excerpt(self, message: Message) -> SafeString:
        return format_html("<bdi>{}</bdi>", Truncator(message.body).chars(60))

    @admin.display(description=_("content"))
    def structured(self, message: Message) -> SafeString | str:
        return pretty(message.content)

    @admin.display(description=_("as received"))
    def as_received(self, message: Message) -> SafeString | str:
        return pretty(message.payload)

    @admin.action(description=_("Try again"), permissions=["retry"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[Message]) -> None:
        _retry(self, request, queryset)

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return _may_retry(request)


def _may_retry(request: HttpRequest) -> bool:
    return request.user.has_perm("conversations.change_message")


def _retry(page: Any, request: HttpRequest, messages: QuerySet[Message]) -> None:
    chosen = list(parked(messages).order_by("id"))
    for message in chosen:
        retry_turn(message)
    text = ngettext("The bot tries %(count)d message again.", "The bot tries %(count)d messages again.", len(chosen))
    page.message_user(request, text % {"count": len(chosen)})
