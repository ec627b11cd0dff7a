"""Procrastinate's worker, which says what ended it: its own logs the failure of a part and returns as if asked to."""

from __future__ import annotations

import asyncio
from typing import Any

from procrastinate.worker import Worker


class Round(Worker):
    """`work()` returns never; it raises what ended it."""

    fault: BaseException | None = None

    async def work(self) -> None:
        await self.run()  # type: ignore[no-untyped-call]  # the library leaves it untyped
        raise self.fault or RuntimeError("The worker stopped without being asked to.")

    async def _monitor_side_tasks(self, side_tasks: list[asyncio.Task[Any]]) -> None:
        """Heartbeat, listener and the like: the first that fails stops the worker. Where nothing is periodic one of
        them ends at once, and the library's own monitor watches no longer: the heart may stop and nobody hears it."""
        done, _ = await asyncio.wait(side_tasks, return_when=asyncio.FIRST_EXCEPTION)
        self.fault = next((fault for part in done if not part.cancelled() and (fault := part.exception())), None)
        self.stop()  # type: ignore[no-untyped-call]
