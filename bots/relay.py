"""Does what is announced elsewhere reach this process? Redis may be away, or hang, while all sockets stay open.

A process with sockets speaks to itself by the same way that announcements take. When it does not hear itself,
announcements are being lost; when it hears itself again, who listens is told to fetch everything anew.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any
from weakref import WeakKeyDictionary

from redis.exceptions import RedisError

BEAT_EVERY = 1.0
ANSWERS_WITHIN = 1.0
LOST_AFTER = 4.0
# Those who announce leave a lost Redis alone for a moment (`bots.live`): what they did not say then is fetched as well.
SETTLED_AFTER = 3.0
Listener = Callable[[], Awaitable[None]]
logger = logging.getLogger(__name__)


class Relay:
    """Of one event loop and its channel layer."""

    def __init__(self, layer: Any) -> None:
        self.layer = layer
        self.listeners: set[Listener] = set()
        self.heard_at = monotonic()
        self.is_lost = False
        self._tasks: list[asyncio.Task[None]] = []

    def add(self, listener: Listener) -> None:
        """It is called whenever announcements may have been lost. The first one starts the beat."""
        self.listeners.add(listener)
        if not self._tasks:
            self.heard_at = monotonic()
            self._tasks = [asyncio.create_task(part) for part in (self._beat(), self._watch())]

    def discard(self, listener: Listener) -> None:
        """The last one ends the beat."""
        self.listeners.discard(listener)
        if not self.listeners:
            for task in self._tasks:
                task.cancel()
            self._tasks, self.is_lost = [], False

    async def _beat(self) -> None:
        name, hearing = "", None
        try:
            while True:
                try:
                    async with asyncio.timeout(ANSWERS_WITHIN):
                        name = name or await self.layer.new_channel("relay.")
                        hearing = hearing or asyncio.create_task(self._hear(name))
                        await self.layer.send(name, {"type": "beat"})
                except (RedisError, OSError, TimeoutError):
                    pass  # the silence that follows is what counts
                await asyncio.sleep(BEAT_EVERY)
        finally:
            if hearing is not None:
                hearing.cancel()

    async def _hear(self, name: str) -> None:
        while True:
            await self.layer.receive(name)
            self.heard_at = monotonic()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(BEAT_EVERY / 2)
            silent = monotonic() - self.heard_at > LOST_AFTER
            if silent and not self.is_lost:
                self.is_lost = True
                logger.warning("Redis does not pass on what is announced; open sockets hear nothing until it does.")
            elif self.is_lost and not silent:
                await asyncio.sleep(SETTLED_AFTER)
                self.is_lost = False
                logger.warning("Redis passes on what is announced; open sockets are told to fetch again.")
                await asyncio.gather(*(listener() for listener in list(self.listeners)), return_exceptions=True)


_relays: WeakKeyDictionary[asyncio.AbstractEventLoop, Relay] = WeakKeyDictionary()


def relay_of(layer: Any) -> Relay:
    """The one of the running event loop."""
    return _relays.setdefault(asyncio.get_running_loop(), Relay(layer))
