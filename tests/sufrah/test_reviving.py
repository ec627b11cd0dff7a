"""Several workers give back the same dead worker's jobs at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import pytest
from django.db import connection
from procrastinate import App
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob, ProcrastinateWorker
from procrastinate.jobs import Job

from bots.jobs import wake
from sufrah.chores import revive

pytestmark = pytest.mark.django_db(transaction=True)


def held_by_a_dead_worker(count: int) -> None:
    for conversation_id in range(1, count + 1):
        wake("take_turns", conversation_id=conversation_id)
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour')")
        cursor.execute(
            "UPDATE procrastinate_jobs SET status = 'doing', worker_id = (SELECT max(id) FROM procrastinate_workers)"
        )


async def revive_behind_a_rival(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rival gives back the first job between our look and our act."""
    worker: App = app.with_connector(app.connector.get_worker_connector())  # type: ignore[attr-defined]
    async with worker.open_async():
        manager = worker.job_manager
        look = manager.get_stalled_jobs

        async def look_and_be_late(**options: float) -> Iterable[Job]:
            found = list(await look(**options))  # type: ignore[arg-type]
            await manager.retry_job(found[0])
            return found

        monkeypatch.setattr(manager, "get_stalled_jobs", look_and_be_late)
        await revive(worker)


def test_what_a_rival_gave_back_first_keeps_nobody_from_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    held_by_a_dead_worker(3)
    asyncio.run(revive_behind_a_rival(monkeypatch))
    assert list(ProcrastinateJob.objects.values_list("status", "attempts")) == [("todo", 1)] * 3
    assert not ProcrastinateWorker.objects.exists()
