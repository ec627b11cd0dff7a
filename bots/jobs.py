"""Jobs are wake-ups: deferred by name, so that no room imports a room above it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from procrastinate.contrib.django import app


def wake(name: str, *, after: timedelta | None = None, **arguments: Any) -> None:
    """Defers the job `name` in the running transaction: rolled back with it, woken when it commits.

    `after` delays it. Arguments are JSON values. The job may run twice or not at all; rows are the truth.
    """
    delay: dict[str, Any] = {"schedule_in": {"seconds": after.total_seconds()}} if after else {}
    app.configure_task(name, allow_unknown=True, **delay).defer(**arguments)
