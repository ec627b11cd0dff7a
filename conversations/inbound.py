"""What customers send, recorded: conversation, message and wake-up in one short transaction."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction

from bots.jobs import wake
from bots.lines import note_on_line
from bots.live import announce
from bots.models import Bot
from bots.versions import next_version
from conversations.models import Conversation, Media, Message
from conversations.wire import Inbound

_OPEN = """
INSERT INTO conversations_conversation AS c (
    code, restaurant_id, bot_id, customer_address, external_user_id, customer_phone, customer_name, language, status,
    is_bot_active, needs_attention, unread_count, last_message_at, last_inbound_at, version, created_at, updated_at)
SELECT %(code)s, b.restaurant_id, b.id, %(address)s, %(external_id)s, %(phone)s, %(name)s, '', 'active',
    true, false, 1, %(at)s, %(at)s, %(version)s, %(at)s, %(at)s
FROM bots_bot b WHERE b.id = %(bot)s FOR KEY SHARE
ON CONFLICT (bot_id, customer_address) DO UPDATE SET
    status = 'active', unread_count = c.unread_count + 1, version = GREATEST(c.version + 1, %(version)s),
    last_message_at = GREATEST(c.last_message_at, %(at)s), last_inbound_at = GREATEST(c.last_inbound_at, %(at)s),
    updated_at = %(at)s
RETURNING id, code, version, restaurant_id
"""


def record(bot: Bot, inbound: Inbound, *, at: datetime, now: datetime | None = None) -> bool:
    """Stores what came in, once: False when this provider sid was stored before, which changes nothing.

    `at` is when it came. `now`, where it is stored later, is the time of the change, by which listeners catch up.

    `bot.restaurant` must be loaded. Four statements and, for media, one more. A sender that was handed to another
    restaurant at this moment is already that one's: the row says whose it is, not what the caller has read.
    """
    try:
        return _record(bot, inbound, at, now or at)
    except IntegrityError as error:
        if not _broke(error, "one_conversation_an_external_id", "one_conversation_a_customer"):
            raise
    # Two first messages of one customer, by number and by hidden id, at the same moment: the other one is there now.
    return _record(bot, inbound, at, now or at)


def _record(bot: Bot, inbound: Inbound, at: datetime, now: datetime) -> bool:
    try:
        with transaction.atomic(durable=True):
            conversation = _known(bot, inbound, at, now) or _opened(bot, inbound, at, now)
            message = _stored(conversation, inbound, at, now)
            wake("take_turns", conversation_id=conversation.pk)
            announce(
                "message.created",
                bot.restaurant if conversation.restaurant_id == bot.restaurant_id else conversation.restaurant,
                message.version,
                conversationId=conversation.code,
                messageId=message.code,
            )
    except IntegrityError as error:
        if _broke(error, "one_message_a_provider_sid"):
            return False
        raise
    note_on_line(bot_id=bot.pk, conversation_id=conversation.pk, message_id=message.pk)
    return True


def _known(bot: Bot, inbound: Inbound, at: datetime, now: datetime) -> Conversation | None:
    """The customer's conversation, locked and brought up to date: by address, by external id, or by phone."""
    rows = Conversation.objects.raw(
        """SELECT * FROM conversations_conversation
           WHERE bot_id = %s AND (customer_address = %s OR external_user_id = %s OR customer_phone = %s)
           ORDER BY customer_address = %s DESC, id FOR NO KEY UPDATE""",
        [bot.pk, inbound.address, inbound.external_id, inbound.phone, inbound.address],
    )
    candidates = list(rows)
    if not candidates:
        return None
    conversation = candidates[0]
    taken = any(other.external_user_id == inbound.external_id for other in candidates[1:])
    conversation.customer_address = inbound.address
    conversation.external_user_id = conversation.external_user_id or (None if taken else inbound.external_id)
    conversation.customer_phone = inbound.phone or conversation.customer_phone
    conversation.customer_name = inbound.name or conversation.customer_name
    conversation.status = Conversation.Status.ACTIVE
    conversation.unread_count += 1
    conversation.version = next_version(conversation.version, now)
    conversation.last_message_at = max(conversation.last_message_at, at)
    conversation.last_inbound_at = max(conversation.last_inbound_at or at, at)
    conversation.save(update_fields=_CHANGED)
    return conversation


_CHANGED = [
    "customer_address",
    "external_user_id",
    "customer_phone",
    "customer_name",
    "status",
    "unread_count",
    "version",
    "last_message_at",
    "last_inbound_at",
    "updated_at",
]


def _opened(bot: Bot, inbound: Inbound, at: datetime, now: datetime) -> Conversation:
    """A new conversation; when a rival opened it at this moment, that one, locked."""
    values: dict[str, Any] = {
        "code": uuid.uuid4(),
        "bot": bot.pk,
        "address": inbound.address,
        "external_id": inbound.external_id,
        "phone": inbound.phone,
        "name": inbound.name,
        "at": at,
        "version": next_version(0, now),
    }
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, values)
        pk, code, version, restaurant = cursor.fetchone()
    return Conversation(pk=pk, code=code, version=version, bot=bot, restaurant_id=restaurant)


def _stored(conversation: Conversation, inbound: Inbound, at: datetime, now: datetime) -> Message:
    message = Message.objects.create(
        restaurant_id=conversation.restaurant_id,
        bot_id=conversation.bot_id,
        conversation=conversation,
        direction=Message.Direction.IN,
        author=Message.Author.CUSTOMER,
        kind=inbound.kind,
        body=inbound.body,
        content=_heard(inbound),
        payload=inbound.payload,
        provider_sid=inbound.sid,
        status=Message.Status.RECEIVED,
        received_at=at,
        version=next_version(0, now),
    )
    if inbound.media:
        Media.objects.bulk_create(
            Media(message=message, position=n, provider_url=part.url, content_type=part.content_type, name=part.name)
            for n, part in enumerate(inbound.media)
        )
    return message


def _heard(inbound: Inbound) -> dict[str, Any]:
    """What the talk needs beside the text: `{choice, title, place: {latitude, longitude, address, label}}`."""
    place = inbound.place
    shared = place and {
        "latitude": str(place.latitude),
        "longitude": str(place.longitude),
        "address": place.address,
        "label": place.label,
    }
    return {"choice": inbound.choice, "title": inbound.choice_title, "place": shared}


def retry_turn(message: Message) -> None:
    """Gives a parked message back to the bot: it is answered as if it had just come."""
    with transaction.atomic(durable=True):
        changed = (
            Message.objects.filter(pk=message.pk, direction=Message.Direction.IN)
            .exclude(turn_error="")
            .update(handled_at=None, turn_error="", turn_attempts=0, next_attempt_at=None)
        )
        if changed:
            wake("take_turns", conversation_id=message.conversation_id)


def _broke(error: IntegrityError, *constraints: str) -> bool:
    diagnosis = getattr(error.__cause__, "diag", None)
    return getattr(diagnosis, "constraint_name", None) in constraints
