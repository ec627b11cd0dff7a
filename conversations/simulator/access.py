"""The gatekeeper of the phone: demo senders alone, and one customer's conversation with one of them."""

from __future__ import annotations

import secrets

from django.db.models import Q, QuerySet
from django.http import Http404

from bots.access import found
from bots.models import Bot
from bots.numbers import InvalidNumber, canonical
from conversations.models import Conversation, Message
from conversations.simulator.said import Customer, is_somebody


def demo_senders() -> QuerySet[Bot]:
    senders = Bot.objects.filter(channel=Bot.Channel.SIMULATOR, retired_at__isnull=True)
    return senders.select_related("restaurant").order_by("pk")


def demo_sender_for(code: object) -> Bot:
    """Raises Http404 for what is not there and for a real sender."""
    return found(demo_senders(), code)


def demo_sender_at(number: str) -> Bot | None:
    """The demo sender with this number, in any spelling."""
    try:
        return demo_senders().filter(whatsapp_number=canonical(number)).first()
    except InvalidNumber:
        return None


def talk_between(bot: Bot, customer: Customer) -> Conversation | None:
    """Their conversation, found as the door finds it: by address, external id or phone."""
    address = customer.address
    either = Q(customer_address=address) | Q(external_user_id=address) | Q(customer_phone=address)
    known = list(Conversation.objects.filter(either, bot=bot).order_by("pk"))
    return min(known, key=lambda talk: talk.customer_address != address, default=None)


def answer_for(talk: Conversation | None, code: object) -> Message:
    """A message of the bot in this conversation. Raises Http404."""
    if talk is None:
        raise Http404
    return found(talk.messages.filter(direction=Message.Direction.OUT), code)


def unused_number() -> str:
    """A mobile number that nobody in the house has, for a customer who has never written."""
    while True:
        number = f"+96655{secrets.randbelow(10_000_000):07d}"
        taken = Conversation.objects.filter(Q(customer_address=number) | Q(customer_phone=number)).exists()
        if is_somebody(number) and not taken:
            return number
