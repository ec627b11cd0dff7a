"""A customer at work: writes, waits for the answer, reads it, goes on until the order is placed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from bots.models import Bot
from conversations.content import Content, choices_of
from tests.chaos.people import Form, Person
from tests.chaos.phones import Post, Screen

PATIENCE = 120.0
MOST_ANSWERS = 60
AWAY_FOR = (62.0, 72.0)


class LeftAlone(Exception):
    """The bot did not answer, or led nowhere."""


@dataclass
class Customer:
    """One person's talk with one restaurant. `think` is the average of seconds between answer and next words."""

    person: Person
    bot: Bot
    token: str
    post: Post
    screen: Screen
    think: float

    async def orders(self, once_more: Callable[[], bool]) -> int:
        """Places an order, and others while `once_more`; returns how many. Raises LeftAlone."""
        await self._order(await self._says(self.person.greets()))
        count = 1
        while once_more():
            await self._thinks(4)
            said = await self._says(self.person.asks_for_order())
            self.person.orders_again()
            await self._order(await self._says(self.person.answers(said)))
            count += 1
        return count

    async def _order(self, said: tuple[Content, ...]) -> None:
        for _ in range(MOST_ANSWERS):
            if self.person.has_ordered(said):
                return
            said = await self._leaves() if self._wants_to_leave(said) else await self._says(self.person.answers(said))
        raise LeftAlone(f"{self.person.address} got no order in {MOST_ANSWERS} answers")

    def _wants_to_leave(self, said: tuple[Content, ...]) -> bool:
        return self.person.leaves and any(choice.id == "go:checkout" for choice in choices_of(said[-1]))

    async def _leaves(self) -> tuple[Content, ...]:
        self.person.leaves = False
        await asyncio.sleep(self.person.chance.uniform(*AWAY_FOR))
        return await self._says(self.person.greets())

    async def _says(self, forms: list[Form]) -> tuple[Content, ...]:
        """Several messages go off at once; what counts is the answer to the one that was stored last."""
        await self._thinks(1)
        deliver, person = self.post.deliver, self.person
        posted = (deliver(self.bot, self.token, person.address, person.name, form) for form in forms)
        sids = await asyncio.gather(*posted)
        try:
            answers = await asyncio.gather(*(self.screen.answer_to(sid, PATIENCE) for sid in sids))
        except TimeoutError as error:
            raise LeftAlone(f"{person.address} waited {PATIENCE:.0f} s for an answer to one of {sids}") from error
        return max(answers, key=lambda answer: answer.message_id).contents

    async def _thinks(self, times: float) -> None:
        await asyncio.sleep(min(self.person.chance.expovariate(1 / self.think), 5 * self.think) * times)
