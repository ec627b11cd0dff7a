"""Runs the jobs that wait, in the test's own process, until none is left."""

from __future__ import annotations

import asyncio

from procrastinate import App
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob


def run_jobs() -> None:
    """What a worker would do now, on the connection that the worker command uses. Needs a transactional test."""
    asyncio.run(_drain())


async def _drain() -> None:
    worker: App = app.with_connector(app.connector.get_worker_connector())  # type: ignore[attr-defined]
    async with worker.open_async():
        await worker.run_worker_async(
            wait=False, concurrency=1, delete_jobs="successful", install_signal_handlers=False
        )


def waiting_jobs() -> list[str]:
    """The names of the jobs that wait, oldest first."""
    return list(ProcrastinateJob.objects.filter(status="todo").order_by("id").values_list("task_name", flat=True))
