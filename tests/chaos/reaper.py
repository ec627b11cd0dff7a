"""Kills the processes of the house at random and starts them again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from random import Random
from typing import TypeVar

from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob, ProcrastinateWorker

from tests.processes import Process

_WORKER_COMES_WITHIN = 40.0
_TALKING = ("take_turns", "deliver")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Kill:
    """`held` are the conversations that the killed process was working on."""

    at: datetime
    name: str
    held: frozenset[int]


@dataclass
class Reaper:
    """Strikes `every` so many seconds, on average, until `kills` processes were killed; each one starts again after at
    most `longest_rest` seconds."""

    web: Process
    workers: Sequence[Process]
    kills: int
    chance: Random
    every: float
    longest_rest: float = 2.0
    done: list[Kill] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)
    resting: list[asyncio.Task[None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.hands = ThreadPoolExecutor(2, "reaper")
        self.one_worker_at_a_time = asyncio.Lock()
        self.seen: set[int] = set()
        self.nobody_since: float | None = None
        self.longest_without_worker = 0.0

    @property
    def is_busy(self) -> bool:
        return len(self.done) < self.kills

    async def run(self) -> None:
        while self.is_busy:
            await asyncio.sleep(self.every * self.chance.uniform(0.4, 1.6))
            for victim in self._victims()[: self.kills - len(self.done)]:
                self.done.append(await self._in_hands(partial(self._killed, victim)))
                self.resting.append(
                    asyncio.create_task(self._revive(victim, self.chance.uniform(0, self.longest_rest)))
                )
        await asyncio.gather(*self.resting)

    async def start_worker(self, worker: Process) -> None:
        """One at a time, so that the row that appears in the database is known to be this one's."""
        async with self.one_worker_at_a_time:
            worker.start()
            await self._in_hands(partial(self._recognise, worker))

    async def _revive(self, victim: Process, rest: float) -> None:
        await asyncio.sleep(rest)
        if victim in self.workers:
            await self.start_worker(victim)
        else:
            victim.start()

    def _victims(self) -> list[Process]:
        """Mostly one, sometimes both workers, sometimes everything at once; none that is dead already."""
        alive = [worker for worker in self.workers if worker.is_alive]
        what = self.chance.random()
        if what < 0.4 and alive:
            chosen = [self.chance.choice(alive)]
        elif what < 0.75:
            chosen = [self.web]
        else:
            chosen = alive if what < 0.88 else [*alive, self.web]
        return [victim for victim in chosen if victim.is_alive]

    def _killed(self, victim: Process) -> Kill:
        victim.kill()
        row = self.rows.pop(victim.name, None)
        if row and not self.rows:
            self.nobody_since = time.monotonic()
        return Kill(timezone.now(), victim.name, frozenset(_held_by(row)))

    def _recognise(self, worker: Process) -> None:
        """Notes which row is the worker's; one that is killed before it has one has none."""
        limit = time.monotonic() + _WORKER_COMES_WITHIN
        while worker.is_alive and time.monotonic() < limit:
            fresh = set(ProcrastinateWorker.objects.values_list("id", flat=True)) - self.seen
            if fresh:
                self.seen |= fresh
                self.rows[worker.name] = max(fresh)
                self._note_gap()
                return
            time.sleep(0.1)

    def _note_gap(self) -> None:
        if self.nobody_since is not None:
            gap = time.monotonic() - self.nobody_since
            self.longest_without_worker, self.nobody_since = max(self.longest_without_worker, gap), None

    async def _in_hands(self, what: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self.hands, what)


def _held_by(row: int | None) -> list[int]:
    jobs = ProcrastinateJob.objects.filter(worker_id=row, status="doing", task_name__in=_TALKING)
    return [int(args["conversation_id"]) for args in jobs.values_list("args", flat=True)] if row else []
