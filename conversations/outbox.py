"""What waits to be said, in order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4, uuid5

from django.contrib.auth.models import User
from django.db import transaction

from bots.jobs import wake
from bots.live import Kind, announce
from bots.versions import grown, next_version
from conversations.content import Content, body_of, kind_of, to_json
from conversations.models import Conversation, Message

_FAILED = (Message.Status.FAILED, Message.Status.UNDELIVERED)


def queue(
    conversation: Conversation,
    contents: Sequence[Content],
    *,
    at: datetime,
    answers: Message | None = None,
    first_position: int = 0,
) -> list[Message]:
    """Adds the bot's replies to the end of what waits. Runs inside the caller's transaction, which holds the
    conversation's lock, so that ids are in the order of speaking. `answers` names the turn's message."""
    rows = [
        _row(conversation, content, author=Message.Author.BOT, answers=answers, position=position)
        for position, content in enumerate(contents, start=first_position)
    ]
    return _added(conversation, rows, at)


def queue_staff(
    conversation: Conversation, content: Content, user: User | None, *, at: datetime, key: str = ""
) -> Message:
    """What a person says; `user` is None for another system's. Whoever comes with the same `key` again gets the
    message of the first time."""
    with transaction.atomic(durable=True):
        rows = Conversation.objects.select_for_update(of=("self",), no_key=True).select_related("restaurant")
        return add_staff(rows.get(pk=conversation.pk), content, user, at=at, key=key)


def add_staff(
    conversation: Conversation, content: Content, user: User | None, *, at: datetime, key: str = ""
) -> Message:
    """As `queue_staff`, inside the caller's transaction, which holds the conversation's lock."""
    code = uuid5(conversation.code, key) if key else uuid4()
    said = Message.objects.filter(conversation=conversation, code=code).first() if key else None
    if said is not None:
        return said
    row = _row(conversation, content, author=Message.Author.STAFF, user=user)
    row.code = code
    return _added(conversation, [row], at)[0]


class NothingToRepeat(Exception):
    """The message did not fail, or not any more."""


def again_code(message: Message) -> UUID:
    """The code of what is said in this failed message's stead."""
    return uuid5(message.code, "again")


def say_again(message: Message, *, at: datetime) -> Message:
    """Adds what did not arrive to the end of what waits. Whoever asks again gets the message of the first time. Raises
    NothingToRepeat."""
    with transaction.atomic(durable=True):
        rows = Conversation.objects.select_for_update(of=("self",), no_key=True).select_related("restaurant")
        conversation = rows.get(pk=message.conversation_id)
        said = Message.objects.filter(conversation=conversation, code=again_code(message)).first()
        if said is not None:
            return said
        failed = Message.objects.filter(pk=message.pk, direction=Message.Direction.OUT, status__in=_FAILED).first()
        if failed is None:
            raise NothingToRepeat
        return _added(conversation, [_copy(failed, conversation)], at)[0]


def _copy(failed: Message, conversation: Conversation) -> Message:
    return Message(
        code=again_code(failed),
        restaurant_id=conversation.restaurant_id,
        bot_id=conversation.bot_id,
        conversation=conversation,
        direction=Message.Direction.OUT,
        author=failed.author,
        author_user_id=failed.author_user_id,
        kind=failed.kind,
        body=failed.body,
        content=failed.content,
        status=Message.Status.QUEUED,
    )


def _row(
    conversation: Conversation,
    content: Content,
    *,
    author: Message.Author,
    user: User | None = None,
    answers: Message | None = None,
    position: int = 0,
) -> Message:
    return Message(
        restaurant_id=conversation.restaurant_id,
        bot_id=conversation.bot_id,
        conversation=conversation,
        direction=Message.Direction.OUT,
        author=author,
        author_user=user,
        kind=kind_of(content),
        body=body_of(content),
        content=to_json(content),
        status=Message.Status.QUEUED,
        answers=answers,
        position=position,
    )


def _added(conversation: Conversation, rows: list[Message], at: datetime) -> list[Message]:
    if not rows:
        return []
    for row in rows:
        row.version = next_version(0, at)
    added = Message.objects.bulk_create(rows)
    Conversation.objects.filter(pk=conversation.pk).update(last_message_at=at, version=grown(at), updated_at=at)
    conversation.version = next_version(conversation.version, at)
    wake("deliver", conversation_id=conversation.pk)
    for row in added:
        announce_message("message.created", conversation, row)
    return added


def announce_message(kind: Kind, conversation: Conversation, message: Message) -> None:
    """Needs `conversation.restaurant` loaded."""
    announce(
        kind,
        conversation.restaurant,
        message.version,
        conversationId=conversation.code,
        messageId=message.code,
    )
