"""What changed while a listener was away."""

from __future__ import annotations

from collections.abc import Collection

from bots.live import Announcement
from bots.versions import moment_of
from conversations.models import Conversation, Message


def missed(restaurant_ids: Collection[int], since: int, limit: int) -> list[Announcement]:
    """As `bots.missed.Missed`. Two queries, each a stretch of an index."""
    return [*_messages(restaurant_ids, since, limit), *_conversations(restaurant_ids, since, limit)]


def _messages(restaurant_ids: Collection[int], since: int, limit: int) -> list[Announcement]:
    rows = Message.objects.filter(restaurant_id__in=restaurant_ids, version__gte=since)
    fields = ("restaurant__code", "version", "conversation__code", "code", "created_at")
    begin = moment_of(since)
    return [
        Announcement(
            "message.created" if created_at >= begin else "message.updated",
            str(restaurant),
            version,
            {"conversationId": str(conversation), "messageId": str(code)},
        )
        for restaurant, version, conversation, code, created_at in rows.order_by(
            "restaurant_id", "version"
        ).values_list(*fields)[:limit]
    ]


def _conversations(restaurant_ids: Collection[int], since: int, limit: int) -> list[Announcement]:
    rows = Conversation.objects.filter(restaurant_id__in=restaurant_ids, version__gte=since)
    found = rows.order_by("restaurant_id", "version").values_list("restaurant__code", "version", "code")[:limit]
    return [
        Announcement("conversation.updated", str(restaurant), version, {"conversationId": str(code)})
        for restaurant, version, code in found
    ]
