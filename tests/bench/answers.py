"""From the post to the provider's acceptance of the reply: one customer alone, and many at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from asgiref.sync import sync_to_async

from bots.models import Bot
from conversations.models import Message
from conversations.statuses import WAITING
from tests.bench.client import post_all, requests_for


@dataclass(frozen=True, slots=True)
class Answered:
    """`per_second` counts from the first post to the last reply that was accepted."""

    messages: int
    per_second: float
    unanswered: int


async def answered(bot: Bot, token: str, addresses: range, at_once: int, patience: float) -> Answered:
    """Posts one message of each customer, `at_once` of them at a time, and waits until all have their reply."""
    requests = requests_for(bot, token, addresses)
    started = time.perf_counter()
    await post_all(requests, at_once, patience)
    left = await _drained(_waiting, patience)
    seconds = time.perf_counter() - started
    return Answered(len(requests) - left, (len(requests) - left) / seconds, left)


async def alone(bot: Bot, token: str, addresses: range, patience: float) -> None:
    """One customer after the other, each after the reply to the one before."""
    for n in addresses:
        await post_all(requests_for(bot, token, range(n, n + 1)), 1, patience)
        await _drained(_waiting, patience)


def _waiting() -> int:
    unhandled = Message.objects.filter(direction="IN", handled_at=None).count()
    return unhandled + Message.objects.filter(direction="OUT", status__in=WAITING).count()


async def _drained(waiting: Callable[[], int], patience: float) -> int:
    """How many still wait in the end."""
    limit, ask = time.perf_counter() + patience, sync_to_async(waiting)
    while (left := await ask()) and time.perf_counter() < limit:
        await asyncio.sleep(0.02)
    return left
