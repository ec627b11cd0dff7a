"""`manage.py worker`: a worker of its own; any number of them, on any number of machines."""

from __future__ import annotations

import asyncio
import signal
from typing import Any

from django.core.management.base import BaseCommand

from sufrah import worker
from sufrah.starting import tell_start


class Command(BaseCommand):
    help = "Answers customers, sends replies and sweeps. Ctrl-C finishes what has begun."

    def handle(self, *args: Any, **options: Any) -> None:
        tell_start("worker")
        asyncio.run(_until_signalled())
        self.stdout.write("Worker stopped.")


async def _until_signalled() -> None:
    working = asyncio.create_task(worker.run())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, working.cancel)
    await asyncio.gather(working, return_exceptions=not working.cancelled())
