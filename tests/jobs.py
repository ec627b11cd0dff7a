"""Runs the jobs that wait, in the test's own process, until none is left."""

from __future__ import annotations

import asyncio

from django.db import connection
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


def database_url() -> str:
    """The address of the tests' database, for processes of their own."""
    found = connection.settings_dict
    login = f"{found['USER']}:{found['PASSWORD']}@" if found["PASSWORD"] else f"{found['USER']}@"
    host = str(found["HOST"] or found["OPTIONS"].get("host", ""))
    if host.startswith("/") or not host:
        return f"postgresql://{login}/{found['NAME']}?host={host}"
    return f"postgresql://{login}{host}:{found['PORT'] or 5432}/{found['NAME']}"
