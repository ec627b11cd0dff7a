"""Customers who write steadily while the database goes away, and what has become of their messages.

`SPOOL_OUTAGE_SECONDS=60 python -m pytest tests/sufrah/test_spool_outage.py -s` runs the outages in full length and says
what they took.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import psycopg
from django.test import override_settings

from bots.models import Bot
from tests.processes import manage
from tests.raw_posts import posted, request_of
from tests.twilio_posts import text_from
from tests.world import ACCOUNT_A, NUMBER_A, TOKEN_A, fresh_sid

CUSTOMERS = 10
A_SECOND = 50
PATIENCE = 15.0  # Twilio's
MAKE_WORLD = "from tests.world import make_world; make_world()"


def furnish(env: Mapping[str, str]) -> None:
    """Tables, and the senders of the world."""
    manage(env, "migrate", "--verbosity", "0")
    manage(env, "shell", "-v", "0", "-c", MAKE_WORLD)


@dataclass(frozen=True)
class Said:
    """One post: times are monotonic seconds, status 0 is no answer."""

    customer: str
    number: int
    status: int
    posted: float
    answered: float


@dataclass
class Writing:
    port: int
    said: list[Said] = field(default_factory=list)

    @property
    def statuses(self) -> set[int]:
        return {said.status for said in self.said}

    def seconds(self, since: float = 0.0) -> list[float]:
        """Of those that were posted since then: the first ones find processes that are not warm yet."""
        return sorted(said.answered - said.posted for said in self.said if said.posted >= since)

    def turned_round(self, stored: dict[str, list[int]]) -> list[tuple[str, int, int]]:
        """Messages that were stored before one that had been answered before they were even posted."""
        of = {(said.customer, said.number): said for said in self.said}
        found = []
        for customer, numbers in stored.items():
            posted_last = 0.0
            for number in numbers:
                said = of[customer, number]
                if said.answered < posted_last:
                    found.append((customer, number, said.status))
                posted_last = max(posted_last, said.posted)
        return found

    def figures(self, since: float) -> str:
        took = self.seconds(since)
        p50, p99 = took[len(took) // 2], took[int(len(took) * 0.99)]
        over = sum(1 for seconds in took if seconds > 1)
        return f"{len(took)} posts, p50 {p50:.3f} s, p99 {p99:.3f} s, slowest {took[-1]:.3f} s, {over} over 1 s"

    async def write(self, until: asyncio.Event, a_second: int = A_SECOND, again: bool = False) -> None:
        """Posts at an even pace until the event; with `again` what got no answer is posted again, as it was."""
        began, number = time.monotonic(), 0
        with override_settings(PORT=self.port, PUBLIC_BASE_URL=f"http://localhost:{self.port}"):
            async with asyncio.TaskGroup() as posts:
                while not until.is_set():
                    customer = f"+9665500002{number % CUSTOMERS:02d}"
                    form = text_from(customer, _bot(), str(number), fresh_sid("SMout"))
                    posts.create_task(self._post(customer, number, request_of(form, TOKEN_A), again))
                    number += 1
                    await asyncio.sleep(max(began + number / a_second - time.monotonic(), 0))

    async def _post(self, customer: str, number: int, request: bytes, again: bool) -> None:
        while True:
            began, status = time.monotonic(), 0
            try:
                status = await posted(request, PATIENCE)
            except (OSError, EOFError, TimeoutError):
                if again:
                    await asyncio.sleep(1.0)
                    continue
            self.said.append(Said(customer, number, status, began, time.monotonic()))
            return


def _bot() -> Bot:
    return Bot(account_sid=ACCOUNT_A, whatsapp_number=NUMBER_A)


def stored(url: str) -> dict[str, list[int]]:
    """The numbers of each customer's messages, in the order in which they were stored."""
    found: dict[str, list[int]] = {}
    with psycopg.connect(url) as line:
        for address, body in line.execute(
            "SELECT c.customer_address, m.body FROM conversations_message m "
            "JOIN conversations_conversation c ON c.id = m.conversation_id WHERE m.direction = 'IN' ORDER BY m.id"
        ):
            found.setdefault(address, []).append(int(body))
    return found
