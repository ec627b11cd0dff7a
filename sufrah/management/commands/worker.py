"""`manage.py worker`: a worker of its own; any number of them, on any number of machines."""

from __future__ import annotations

import asyncio
import signal
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sufrah import worker
from sufrah.starting import refuse_demo_people, tell_start


class Command(BaseCommand):
    help = "Answers customers, sends replies and sweeps. Ctrl-C finishes what has begun."

    def handle(self, *args: Any, **options: Any) -> None:
        refuse_demo_people()
        tell_start("worker")
        try:
            asyncio.run(_until_signalled())
        except Exception as error:
            worker.logger.exception("The worker ended by a fault.")
            raise CommandError(f"The worker ended by a fault: {worker.brief(error)}") from error
        self.stdout.write("Worker stopped.")


async def _until_signalled() -> None:
    """Raises whatever ends the worker but a signal."""
    working, asked = asyncio.create_task(worker.run()), asyncio.Event()

    def stop() -> None:
        asked.set()
        working.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    await asyncio.wait([working])
    if not working.cancelled():
        working.result()
    elif not asked.is_set():
        raise RuntimeError("The worker was cancelled without a signal.")
