"""The seam: the two ways of getting a message to a customer."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Protocol

from django.conf import settings

from bots.jobs import wake
from bots.models import Bot
from bots.numbers import addressed
from bots.secrets import SecretUnreadable
from bots.twilio.client import within
from bots.twilio.content import content_sid_for, forget, template_sid_for
from bots.twilio.errors import MINUTE, SendError, SendLater, SendRefused, SendUnknown, reaction_to, reason_in_words
from bots.twilio.messages import Listed, create, sent_to
from bots.twilio.shapes import Row, Shaped, list_picker, quick_reply
from conversations.content import Buttons, Content, ContentError, Listing, Template, as_text, body_of
from conversations.models import Message
from conversations.wire import content_of, parameters_of

__all__ = [
    "Channel",
    "SendError",
    "SendLater",
    "SendRefused",
    "SendUnknown",
    "calls_operator",
    "channel_of",
    "reason_in_words",
]

logger = logging.getLogger(__name__)

SEND_SECONDS = 5.5  # less than a claim's lease, so that a request never outlives the claim it was made under
_PLAIN_AFTER = 3  # attempts; then the resource may be the trouble, and plain words need none
_RESOURCE_GONE = ("20404", "21655", "404")
_CLOCKS_DIFFER = timedelta(seconds=30)


class Channel(Protocol):
    def send(self, bot: Bot, message: Message) -> str:
        """Gets it on its way; returns the provider's id. Raises a SendError. Needs `message.conversation` loaded."""

    def find(self, bot: Bot, message: Message) -> str | None:
        """The provider's id if this was sent already, for when the answer got lost. Raises a SendError."""


def channel_of(bot: Bot) -> Channel:
    return _CHANNELS[bot.channel]


class _Provider:
    def send(self, bot: Bot, message: Message) -> str:
        with within(SEND_SECONDS):
            try:
                return _sent(bot, message, content_of(message))
            except ContentError as error:
                raise SendRefused("content", str(error)) from error
            except SecretUnreadable as error:
                raise SendLater("secret", after=MINUTE) from error

    def find(self, bot: Bot, message: Message) -> str | None:
        """Looks for a message of ours to this customer, not older than the row, with the same words and an id that
        no other row has.

        What it can know: the provider has no idempotency key, so words, receiver and time are all there is. One
        message of a conversation is on its way at a time, so an id that is not ours is this one or was sent by
        somebody else through the same account; the same words then make it this one. Of content resources the
        provider may report no words: there an empty body counts as the same. What it cannot know: a request that
        the provider is still working on is not listed yet; the claim's lease is the time that it has.
        """
        with within(SEND_SECONDS):
            since = message.created_at - _CLOCKS_DIFFER
            listed = sent_to(
                bot, addressed(message.conversation.customer_address), addressed(bot.whatsapp_number), since
            )
        taken = _taken(bot, message, listed)
        return next((row.sid for row in listed if row.sid not in taken and _same_words(row, message)), None)


class _Simulator:
    """No network: the id follows from the row, and a job plays the customer's phone."""

    def send(self, bot: Bot, message: Message) -> str:
        walk_on(message.pk, Message.Status.SENT, timedelta(milliseconds=200))
        return simulated_sid(message)

    def find(self, bot: Bot, message: Message) -> str | None:
        return None


_CHANNELS: dict[str, Channel] = {Bot.Channel.TWILIO: _Provider(), Bot.Channel.SIMULATOR: _Simulator()}


def calls_operator(error: SendError) -> bool:
    """Whether it is the sender or its account that is out of order, and not this one message."""
    known = reaction_to(error.code)
    return error.code == "secret" or bool(known and known.reaction == "alert")


def walk_on(message_id: int, status: str, after: timedelta) -> None:
    """The simulated phone reports this status later. Answers to customers come before its play."""
    wake("walk_simulated", after=after, priority=-1, message_id=message_id, status=status)


def simulated_sid(message: Message) -> str:
    return f"SIM{message.code.hex}"


def status_callback_of(message: Message) -> str:
    """Where the provider tells what became of it; "" where it could not reach us: it refuses plain http and local
    addresses. A stand-in for the provider on this machine takes them."""
    base = settings.PUBLIC_BASE_URL
    reachable = base.startswith("https://") or bool(settings.TWILIO_API_BASE_URL)
    return f"{base}/whatsapp/status/{message.code}" if reachable else ""


def _sent(bot: Bot, message: Message, content: Content) -> str:
    callback = status_callback_of(message)
    if isinstance(content, Template):
        sid = template_sid_for(bot, content.name, content.language)
        numbered = {str(n): value for n, value in enumerate(content.variables, start=1)}
        return create(bot, parameters_of(bot, message, callback, sid, numbered))
    shaped = _shaped(content)
    if shaped and message.attempts <= _PLAIN_AFTER:
        try:
            return _sent_with_choices(bot, message, shaped)
        except SendRefused as error:  # the same choices go out as numbered text
            ids = {"message_id": message.pk, "bot_id": bot.pk, "error_code": error.code}
            logger.warning("Choices were refused and go out as text.", extra=ids)
    return create(bot, parameters_of(bot, message, callback))


def _sent_with_choices(bot: Bot, message: Message, shaped: Shaped) -> str:
    sid = content_sid_for(bot, shaped)
    try:
        return create(bot, parameters_of(bot, message, status_callback_of(message), sid, shaped.variables))
    except SendRefused as error:
        if error.code in _RESOURCE_GONE:
            forget(bot, sid)
        raise


def _shaped(content: Content) -> Shaped | None:
    """None for what needs no content resource."""
    if not isinstance(content, Buttons | Listing):
        return None
    rows = [Row(choice.id, choice.title, choice.description) for choice in content.choices]
    if isinstance(content, Listing):
        return list_picker(content.body, content.button, rows)
    return quick_reply(content.body, rows)


def _taken(bot: Bot, message: Message, listed: list[Listed]) -> set[str]:
    rows = Message.objects.filter(bot=bot, provider_sid__in=[row.sid for row in listed]).exclude(pk=message.pk)
    return {sid for sid in rows.values_list("provider_sid", flat=True) if sid}


def _same_words(row: Listed, message: Message) -> bool:
    content = content_of(message)
    spellings = {_folded(as_text(content)), _folded(body_of(content))}
    if isinstance(content, Buttons | Listing | Template):
        spellings.add("")
    return _folded(row.body) in spellings


def _folded(text: str) -> str:
    return " ".join(text.split())
