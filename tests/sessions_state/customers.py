"""A customer of the tests: writes through the real door, and reads what the bot has queued."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.http import QueryDict

from bots.models import Bot
from conversations import inbound
from conversations.models import Conversation, Message
from conversations.wire import inbound_of
from sessions_state.turns import take_turns
from tests.clock import NOW, clock
from tests.twilio_posts import text_from


@dataclass
class Customer:
    """`said` are the bot's answers since the last words, newest last."""

    bot: Bot
    address: str = "+966550000201"
    at: datetime = NOW
    said: list[Message] = field(default_factory=list)

    @property
    def conversation(self) -> Conversation:
        return Conversation.objects.select_related("restaurant", "bot", "session").get(
            bot=self.bot, customer_address=self.address
        )

    def sends(self, body: str, sid: str = "", **more: str) -> Message:
        """Stored, not answered yet."""
        form = QueryDict(mutable=True)
        form.update(text_from(self.address, self.bot, body, sid, **more))
        inbound.record(self.bot, inbound_of(form), at=self.at)
        return Message.objects.filter(direction="IN", conversation=self.conversation).latest("id")

    def says(self, body: str, **more: str) -> str:
        """Stored and answered; returns the answers as one text."""
        message = self.sends(body, **more)
        take_turns(self.conversation.pk, clock(self.at))
        self.said = list(message.replies.order_by("position"))
        return "\n".join(reply.body for reply in self.said)

    def taps(self, choice: str) -> str:
        """The id behind a button or row."""
        return self.says(choice, ButtonPayload=choice, ButtonText=choice)

    def shares_location(self, latitude: str = "24.69", longitude: str = "46.68") -> str:
        return self.says("", Latitude=latitude, Longitude=longitude)
