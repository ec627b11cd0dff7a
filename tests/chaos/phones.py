"""The customers' side of the wire: signed posts that are repeated until they are taken, and answers as they arrive."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from random import Random
from typing import TypeVar

from django.db.models import Prefetch

from bots.models import Bot
from conversations.content import Content, from_json
from conversations.models import Message
from conversations.statuses import WAITING
from tests.chaos.people import Form
from tests.raw_posts import posted, request_of
from tests.twilio_posts import text_from
from tests.world import fresh_sid

DOORS = ("/whatsapp/webhook", "/webhook")
LOOKS_EVERY = 0.25
ANSWERED_WITHIN = 15.0
"""Seconds that Twilio waits for an answer."""
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the bot said to one message, once all of it was on its way. `message_id` is the message that it answers."""

    message_id: int
    contents: tuple[Content, ...]


@dataclass
class Post:
    """Posts as Twilio does. `taken` are the (sender, MessageSid) that got a 200, `outcomes` counts all answers."""

    chance: Random
    taken: set[tuple[int, str]] = field(default_factory=set)
    outcomes: Counter[str] = field(default_factory=Counter)
    echoes: int = 0

    async def deliver(self, bot: Bot, token: str, address: str, name: str, form: Form) -> str:
        """The sid of the message, once it was taken. Some are delivered twice, at both doors at once."""
        sid = fresh_sid("MM" if self.chance.random() < 0.02 else "SM")
        whole = text_from(address, bot, form.get("Body", ""), sid, **_sender(address, name), **_but_body(form))
        copies = [self._until_taken(whole, token, 0)]
        if self.chance.random() < 0.1:
            self.echoes += 1
            copies.append(self._until_taken(whole, token, 1))
        await asyncio.gather(*copies)
        self.taken.add((bot.pk, sid))
        return sid

    async def _until_taken(self, form: Form, token: str, door: int) -> None:
        attempt, requests = 0, [request_of(form, token, path) for path in DOORS]
        while await self._posted(requests[(door + attempt) % 2]) != "200":
            attempt += 1
            await asyncio.sleep(min(0.2 * attempt, 1.0) * (0.5 + self.chance.random()))

    async def _posted(self, request: bytes) -> str:
        try:
            outcome = str(await posted(request, ANSWERED_WITHIN))
        except (OSError, EOFError) as error:
            outcome = type(error).__name__
        self.outcomes[outcome] += 1
        return outcome


def _sender(address: str, name: str) -> Form:
    if address.startswith("+"):
        return {"ProfileName": name, "WaId": address.removeprefix("+")}
    return {"ProfileName": name, "ExternalUserId": f"whatsapp:{address}"}


def _but_body(form: Form) -> Form:
    return {field_name: value for field_name, value in form.items() if field_name != "Body"}


@dataclass
class Screen:
    """Looks for answers in the database, for all who wait at once."""

    reading: ThreadPoolExecutor
    senders: Sequence[int]
    waiting: dict[str, asyncio.Future[Answer]] = field(default_factory=dict)

    async def answer_to(self, sid: str, patience: float) -> Answer:
        """Raises TimeoutError when the bot has not answered within `patience` seconds."""
        future = self.waiting[sid] = asyncio.get_running_loop().create_future()
        try:
            return await asyncio.wait_for(future, patience)
        finally:
            del self.waiting[sid]

    async def look(self) -> None:
        """For ever."""
        while True:
            started = time.monotonic()
            for sid, answer in (await self.read(lambda: _answers(self.senders, list(self.waiting)))).items():
                future = self.waiting.get(sid)
                if future is not None and not future.done():
                    future.set_result(answer)
            await asyncio.sleep(max(LOOKS_EVERY, 2 * (time.monotonic() - started)))

    async def read(self, what: Callable[[], _T]) -> _T:
        """Asks the database, without holding up the others."""
        return await asyncio.get_running_loop().run_in_executor(self.reading, what)


def _answers(senders: Sequence[int], sids: Sequence[str]) -> dict[str, Answer]:
    """Those whose turn is over and whose every reply was accepted, or has failed for good. Found by the index of
    sender and sid."""
    replies = Prefetch("replies", Message.objects.order_by("position").only("answers_id", "status", "content"))
    rows = Message.objects.filter(bot__in=senders, provider_sid__in=sids, handled_at__isnull=False)
    found = rows.only("id", "provider_sid").prefetch_related(replies)
    return {str(row.provider_sid): _answer(row) for row in found if _is_said(row)}


def _is_said(row: Message) -> bool:
    return all(reply.status not in WAITING for reply in row.replies.all())


def _answer(row: Message) -> Answer:
    return Answer(row.pk, tuple(from_json(reply.content or {}) for reply in row.replies.all()))
