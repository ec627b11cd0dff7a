"""Conversations over REST: reading them never changes them; what staff say is queued, and the bot is switched."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Count, Q, QuerySet, Sum
from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response

from bots.access import found, member_in
from bots.moments import moment_in
from bots.rest.once import once
from bots.rest.paging import BY_ID, NoSuchPlace, Order, Place, as_uuid, page_of
from bots.rest.viewsets import RestaurantViewSet, listed, router
from conversations import handoff, outbox
from conversations.access import conversation_in, message_in, with_assignees
from conversations.choosing import chosen_by
from conversations.models import Conversation, Message
from conversations.serializers import (
    AssignIn,
    ConversationOut,
    ConversationsQuery,
    MessageIn,
    MessageOut,
    MessagesQuery,
    Nothing,
    ToggleIn,
    Totals,
    content_in,
)

# 2026-11-22, as RFC 9745 writes it; the successor is the same path under /api/db.
DEPRECATED = {"Deprecation": "@1795305600"}


def _place_of(among: QuerySet[Conversation], cursor: str) -> Place:
    """`<time>~<id>` as the Link header gives it, which holds also when the conversation has moved since; or an id,
    which means where that conversation stands now."""
    at, _, code = cursor.rpartition("~")
    row = among.filter(code=as_uuid(code)).values_list("last_message_at", "id").first()
    if row is None:
        raise NoSuchPlace
    return (_moment(at) if at else row[0], row[1])


def _moment(text: str) -> datetime:
    try:
        return moment_in(text)
    except ValueError as error:
        raise NoSuchPlace from error


def _cursor_of(row: Conversation) -> str:
    return f"{row.last_message_at.isoformat()}~{row.code}"


BY_LAST_MESSAGE: Order[Conversation] = Order(("last_message_at", "id"), _place_of, _cursor_of)


class _ReadingViewSet(RestaurantViewSet):
    """Reading is the same under the new paths and the old ones."""

    queries = {"list": ConversationsQuery, "messages": MessagesQuery}

    def conversations(self, request: Request) -> Response:
        page, query = self.page_asked(ConversationsQuery, request)
        among = Conversation.objects.filter(restaurant=self.restaurant)
        rows = with_assignees(among.filter(chosen_by(self.restaurant, query)))
        newest = page_of(rows.select_related("restaurant", "bot"), page, BY_LAST_MESSAGE, among=among)
        return listed(request, newest, ConversationOut)

    def messages_of(self, request: Request, code: str) -> Response:
        conversation = conversation_in(self.restaurant, code)
        page, _ = self.page_asked(MessagesQuery, request)
        among = conversation.messages.all()
        newest = page_of(among.defer("payload").prefetch_related("media"), page, BY_ID, among=among)
        return listed(request, newest.oldest_first(), MessageOut)

    def shown(self, code: str) -> Response:
        rows = with_assignees(Conversation.objects.filter(restaurant=self.restaurant))
        return Response(ConversationOut(found(rows.select_related("restaurant", "bot"), code)).data)


class ConversationViewSet(_ReadingViewSet):
    @extend_schema(
        operation_id="listConversations",
        summary="Conversations, newest first",
        responses=ConversationOut(many=True),
    )
    def list(self, request: Request) -> Response:
        return self.conversations(request)

    @extend_schema(operation_id="getConversation", summary="One conversation", responses=ConversationOut)
    def retrieve(self, request: Request, code: str) -> Response:
        return self.shown(code)

    @extend_schema(operation_id="getConversationStats", summary="How many, and how many unread", responses=Totals)
    @action(detail=False)
    def stats(self, request: Request) -> Response:
        totals = Conversation.objects.filter(restaurant=self.restaurant).aggregate(
            totalConversations=Count("id"),
            activeConversations=Count("id", filter=Q(status=Conversation.Status.ACTIVE)),
            totalUnread=Sum("unread_count", default=0),
        )
        return Response(totals)

    @extend_schema(
        operation_id="listMessages",
        summary="The newest messages, oldest of them first",
        description="Reading does not mark as read.",
        responses=MessageOut(many=True),
    )
    @action(detail=True)
    def messages(self, request: Request, code: str) -> Response:
        return self.messages_of(request, code)

    @extend_schema(operation_id="getMessage", summary="One message", responses=MessageOut)
    @action(detail=True, url_path="messages/<str:message>")
    def message(self, request: Request, code: str, message: str) -> Response:
        return Response(MessageOut(message_in(self.restaurant, code, message)).data)

    @extend_schema(
        operation_id="assignConversation",
        summary="Give a conversation to one of the staff, or let go of it",
        description="The bot is silent. Let go of, it waits for anybody; the bot is back if nobody comes in time.",
        request=AssignIn,
        responses=ConversationOut,
    )
    @action(detail=True, methods=["post"])
    @once
    def assign(self, request: Request, code: str) -> Response:
        conversation = conversation_in(self.restaurant, code)
        wanted = self.taken(AssignIn, request)["userId"]
        try:
            member = member_in(self.restaurant, wanted) if wanted else None
            handoff.assign(conversation, member, at=timezone.now())
        except (Http404, handoff.NotOfTheStaff) as error:
            absent = ErrorDetail("Nobody of this id works for this restaurant.", code="invalid")
            raise ValidationError({"userId": [absent]}) from error
        return self.shown(code)

    @extend_schema(
        operation_id="markRead",
        summary="Nothing is unread any more",
        request=Nothing,
        responses=ConversationOut,
    )
    @action(detail=True, methods=["post"], url_path="mark-read")
    @once
    def mark_read(self, request: Request, code: str) -> Response:
        conversation = conversation_in(self.restaurant, code)
        self.taken(Nothing, request)
        if conversation.unread_count:
            handoff.mark_read(conversation, at=timezone.now())
        return self.shown(code)


class OldConversationViewSet(_ReadingViewSet):
    """The paths of old: reading says that it is old, whatever comes of it; staff speak here and hand over."""

    def notes(self) -> dict[str, str]:
        return {**super().notes(), **(DEPRECATED if self.request.method in SAFE_METHODS else {})}

    @extend_schema(
        operation_id="listConversationsOld",
        summary="Use /api/db/conversations",
        description="The path of old: the same rows.",
        deprecated=True,
        responses=ConversationOut(many=True),
    )
    def list(self, request: Request) -> Response:
        return self.conversations(request)

    @extend_schema(
        operation_id="listMessagesOld",
        summary="Use /api/db/conversations/{code}/messages",
        description="The path of old for reading; staff speak here.",
        deprecated=True,
        responses=MessageOut(many=True),
    )
    @action(detail=True)
    def messages(self, request: Request, code: str) -> Response:
        return self.messages_of(request, code)

    @extend_schema(
        operation_id="sendMessage",
        summary="Say something as staff",
        description="Queued behind what waits already. The bot goes on answering unless it is switched off.",
        request=MessageIn,
        responses={201: MessageOut},
    )
    @messages.mapping.post
    @once
    def send(self, request: Request, code: str) -> Response:
        conversation = conversation_in(self.restaurant, code)
        content = content_in(self.taken(MessageIn, request))
        said = outbox.queue_staff(conversation, content, None, at=timezone.now(), key=self.call_name)
        message = Message.objects.select_related("conversation__restaurant", "conversation__bot").get(pk=said.pk)
        return Response(MessageOut(message).data, status=201)

    @extend_schema(
        operation_id="toggleBot",
        summary="Hand over to staff, or back to the bot",
        request=ToggleIn,
        responses=ConversationOut,
    )
    @action(detail=True, methods=["post"], url_path="toggle-bot")
    @once
    def toggle_bot(self, request: Request, code: str) -> Response:
        conversation = conversation_in(self.restaurant, code)
        if self.taken(ToggleIn, request)["enabled"]:
            handoff.hand_back(conversation, at=timezone.now())
        elif conversation.is_bot_active or conversation.assigned_to_id is None:
            handoff.take_over(conversation, None, at=timezone.now())
        return self.shown(code)


urlpatterns = router(db_conversations=ConversationViewSet, conversations=OldConversationViewSet).urls
