"""A message did not arrive: a person must look."""

from __future__ import annotations

from datetime import datetime

from bots.live import announce
from bots.versions import next_version
from conversations.models import Conversation


def locked_conversation(conversation_id: int) -> Conversation:
    """Locked by the caller's transaction, before any message of it (lock order: conversation, …, message)."""
    rows = Conversation.objects.select_related("restaurant").select_for_update(no_key=True, of=("self",))
    return rows.get(pk=conversation_id)


def call_a_person(conversation: Conversation, at: datetime) -> None:
    """Marks the locked conversation and tells the pages, inside the caller's transaction."""
    conversation.version = next_version(conversation.version, at)
    Conversation.objects.filter(pk=conversation.pk).update(
        needs_attention=True, version=conversation.version, updated_at=at
    )
    announce(
        "conversation.updated",
        conversation.restaurant,
        conversation.version,
        conversationId=conversation.code,
    )
