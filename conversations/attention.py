"""A message did not arrive: a person must look."""

from __future__ import annotations

from django.db.models.functions import Now

from bots.live import announce
from conversations.models import Conversation


def locked_conversation(conversation_id: int) -> Conversation:
    """Locked by the caller's transaction, before any message of it (lock order: conversation, …, message)."""
    rows = Conversation.objects.select_related("restaurant").select_for_update(no_key=True, of=("self",))
    return rows.get(pk=conversation_id)


def call_a_person(conversation: Conversation) -> None:
    """Marks the locked conversation and tells the pages, inside the caller's transaction."""
    conversation.version += 1
    Conversation.objects.filter(pk=conversation.pk).update(
        needs_attention=True, version=conversation.version, updated_at=Now()
    )
    announce(
        "conversation.updated",
        conversation.restaurant,
        conversation.version,
        conversationId=conversation.code,
    )
