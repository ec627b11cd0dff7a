"""Jobs are wake-ups: deferred by name, so that no room imports a room above it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob


def wake(name: str, *, after: timedelta | None = None, priority: int = 0, **arguments: Any) -> None:
    """Defers the job `name` in the running transaction: rolled back with it, woken when it commits.

    `after` delays it; what has a higher `priority` goes first. Arguments are JSON values. The job may run twice or not
    at all; rows are the truth.
    """
    delay: dict[str, Any] = {"schedule_in": {"seconds": after.total_seconds()}} if after else {}
    app.configure_task(name, allow_unknown=True, priority=priority, **delay).defer(**arguments)


def wake_missing(name: str, argument: str, ids: Iterable[int]) -> int:
    """Wakes the job once for each id that has no such job waiting; returns how many were woken.

    For sweeps: they come every few seconds, and a backlog must not breed one job a sweep and row.
    """
    waiting = _waiting(name, argument)
    missing: list[dict[str, Any]] = [{argument: found} for found in ids if found not in waiting]
    if missing:
        app.configure_task(name, allow_unknown=True).batch_defer(*missing)
    return len(missing)


def _waiting(name: str, argument: str) -> set[int]:
    jobs = ProcrastinateJob.objects.filter(task_name=name, status="todo", scheduled_at__isnull=True)
    return {int(args[argument]) for args in jobs.values_list("args", flat=True) if argument in args}
