"""One conversation's talk while its transaction lasts: loaded, heard through the pure engine, and settled."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection
from django.db.models import F

from conversations.content import Content
from conversations.models import Conversation, Message
from conversations.outbox import queue
from orders.catalogue import menu_of
from orders.menu import Menu
from sessions_state.dialogue import machine
from sessions_state.dialogue.codec import decode, encode
from sessions_state.dialogue.events import Event, Silence
from sessions_state.dialogue.state import State
from sessions_state.effects import apply
from sessions_state.models import BotSession


@dataclass(slots=True)
class Talk:
    """The caller holds the locks of the conversation and its session, in this order. `at` is when what is heard was
    said, `now` when it is answered."""

    session: BotSession
    conversation: Conversation
    menu: Menu
    state: State
    at: datetime
    now: datetime
    answers: Message | None = None
    replies: list[Content] = field(default_factory=list)

    @classmethod
    def of(cls, conversation: Conversation, *, at: datetime, now: datetime, answers: Message | None = None) -> Talk:
        """Needs `conversation.session`, `.bot` and `.restaurant` loaded. `answers` is the message of this turn."""
        session: BotSession = conversation.session
        menu = menu_of(
            conversation.restaurant,
            support_contact=conversation.bot.support_contact,
            payment_link=conversation.bot.payment_link,
        )
        return cls(session, conversation, menu, decode(session.state), at, now, answers)

    def wake_up(self) -> None:
        """When the deadline of silence has passed and no sweep has come by, the silence is heard first."""
        deadline = self.session.expires_at
        if deadline is not None and deadline <= self.at:
            self.hear(Silence(at=deadline))

    def hear(self, *events: Event) -> None:
        """Each event through the engine, and whatever its effects bring back."""
        for event in events:
            turn = machine.take_turn(self.state, event, self.menu)
            self.state = turn.state
            self.replies += turn.replies
            for effect in turn.effects:
                turn_id = self.answers.pk if self.answers else None
                self.hear(*apply(effect, self.conversation, turn_id, at=self.at, now=self.now))

    def settle(self, *, expires_at: datetime | None) -> None:
        """Saves the state and queues the replies."""
        BotSession.objects.filter(pk=self.session.pk).update(
            step=self.state.step,
            state=encode(self.state),
            version=F("version") + 1,
            expires_at=expires_at,
            updated_at=self.now,
        )
        self._note_language()
        queue(self.conversation, self.replies, at=self.now, answers=self.answers)

    def _note_language(self) -> None:
        language = self.state.language or ""
        if language and language != self.conversation.language:
            Conversation.objects.filter(pk=self.conversation.pk).update(language=language)


def open_session(conversation_id: int) -> None:
    """A session for a conversation that has none yet."""
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO sessions_state_botsession
                   (conversation_id, restaurant_id, step, state, version, created_at, updated_at)
               SELECT id, restaurant_id, 'welcome', '{}', 0, now(), now()
               FROM conversations_conversation WHERE id = %s
               ON CONFLICT (conversation_id) DO NOTHING""",
            [conversation_id],
        )


def locked_conversation(conversation_id: int, *, wait: bool = True) -> Conversation | None:
    """The conversation with its session, sender and restaurant; both rows locked. None when it has no session, or
    when a rival holds it and `wait` is False."""
    return (
        Conversation.objects.filter(pk=conversation_id, session__isnull=False)
        .select_related("session", "bot", "restaurant")
        .select_for_update(of=("self", "session"), no_key=True, skip_locked=not wait)
        .first()
    )
