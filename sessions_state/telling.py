"""News that the customer did not ask for: an order moved on, or the bot is back."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from conversations.models import Conversation, Message
from orders.models import OrderEvent
from sessions_state.dialogue.events import HandedBack, OrderChanged, OrderSeen
from sessions_state.effects import order_seen
from sessions_state.talks import Talk, locked_conversation, open_session


def tell_customer(order_event_id: int, *, now: datetime) -> int:
    """Tells of every step of this order that the customer has not heard of, in order; returns how many. While staff
    own the conversation the bot is silent and the step counts as told: they talk to the customer."""
    order_id = OrderEvent.objects.filter(pk=order_event_id).values_list("order_id", flat=True).first()
    told = 0
    while order_id is not None and _tell_next(order_id, now):
        told += 1
    return told


def _tell_next(order_id: int, now: datetime) -> bool:
    with transaction.atomic(durable=True):
        event = _untold(order_id)
        if event is None:
            return False
        conversation = _locked(event.order.conversation_id)
        if not OrderEvent.objects.filter(pk=event.pk, told_at__isnull=True).update(told_at=now):
            return True
        if conversation.is_bot_active:
            _hear_of(event, conversation, now)
        return True


def _untold(order_id: int) -> OrderEvent | None:
    events = OrderEvent.objects.filter(order_id=order_id, told_at__isnull=True)
    return events.select_related("order").order_by("id").first()


def _locked(conversation_id: int) -> Conversation:
    open_session(conversation_id)
    conversation = locked_conversation(conversation_id)
    if conversation is None:
        raise Conversation.DoesNotExist(conversation_id)
    return conversation


def _hear_of(event: OrderEvent, conversation: Conversation, now: datetime) -> None:
    seen = order_seen(event.order)
    news = OrderSeen(seen.code, seen.number, event.status, seen.order_type, seen.total, seen.currency)  # type: ignore[arg-type]
    talk = Talk.of(conversation, at=event.at, now=now)
    talk.wake_up()
    talk.hear(OrderChanged(at=event.at, order=news))
    talk.settle(expires_at=talk.session.expires_at)


def talk_again(conversation_id: int, *, now: datetime) -> bool:
    """The bot says that it is back, once for each time that it was given the talk. False when it has said so."""
    with transaction.atomic(durable=True):
        conversation = _locked(conversation_id)
        if conversation.handed_back_at is None or not conversation.is_bot_active:
            return False
        Conversation.objects.filter(pk=conversation.pk).update(handed_back_at=None)
        talk = Talk.of(conversation, at=conversation.handed_back_at, now=now)
        talk.hear(HandedBack(at=conversation.handed_back_at, unanswered=_is_unanswered(conversation)))
        talk.settle(expires_at=talk.session.expires_at)
        return True


def _is_unanswered(conversation: Conversation) -> bool:
    """Whether the customer spoke last."""
    last = Message.objects.filter(conversation=conversation).order_by("-id").values_list("direction", flat=True).first()
    return last == Message.Direction.IN
