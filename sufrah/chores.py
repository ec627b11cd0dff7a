"""What a worker does again and again beside its jobs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any

from asgiref.sync import sync_to_async
from django.db import close_old_connections
from django.utils import timezone
from procrastinate import App
from procrastinate.exceptions import ConnectorException
from procrastinate.worker import Worker

from bots.hooks.delivery import forget_old
from bots.hooks.delivery import wake_due as wake_due_hooks
from bots.sign_in.sessions import forget_over
from bots.sign_in.tries import forget_old as forget_old_tries
from conversations.delivery import wake_due
from conversations.intake import tend
from core.database.outage import is_outage
from core.database.patience import database_within
from sessions_state.sweep import sweep

logger = logging.getLogger(__name__)

SWEEP_EVERY = 2.0
HEARTBEAT_EVERY = 2.0
STALLED_AFTER = 8.0
TIDY_EVERY = 3600.0
SPOOL_SECONDS = 5.0
TIDYING_MAY_TAKE = 600.0


class WrittenOff(Exception):
    """Nobody heard this worker for so long that another took it for dead."""


def chores(app: App, worker: Worker) -> list[Coroutine[Any, Any, None]]:
    """Each goes on until it is cancelled or the database goes away, which it raises."""
    return [
        _forever(SWEEP_EVERY, sync_to_async(_sweep_once, thread_sensitive=False)),
        _forever(HEARTBEAT_EVERY, partial(revive, app)),
        _forever(TIDY_EVERY, partial(_tidy, app)),
        _forever(HEARTBEAT_EVERY, partial(_feel_pulse, app, worker)),
    ]


def _sweep_once() -> None:
    close_old_connections()
    try:
        now = timezone.now()
        sweep(now)
        wake_due(now)
        wake_due_hooks(now)
        tend(SPOOL_SECONDS)
    finally:
        close_old_connections()


async def revive(app: App) -> None:
    """Jobs in the hands of a worker whose heart stopped go back to the queue. All workers do this, so another one may
    have been faster: then the database refuses to retry the job once more."""
    for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER):
        with suppress(ConnectorException):
            await app.job_manager.retry_job(job)
    await app.job_manager.prune_stalled_workers(STALLED_AFTER)


async def _tidy(app: App) -> None:
    """Failed jobs are kept three days for people to look at, webhook deliveries thirty; sessions go once over."""
    await app.job_manager.delete_old_jobs(
        nb_hours=72, include_failed=True, include_cancelled=True, include_aborted=True
    )
    await sync_to_async(tidy_rows, thread_sensitive=False)(timezone.now())


def tidy_rows(now: datetime) -> None:
    """What is over and no longer looked at goes."""
    close_old_connections()
    try:
        with database_within(TIDYING_MAY_TAKE):
            for forget in (forget_old, forget_over, forget_old_tries):
                forget(now)
    finally:
        close_old_connections()


async def _feel_pulse(app: App, worker: Worker) -> None:
    """Raises WrittenOff. A heartbeat does not notice that there is nobody any more whose heart it could be."""
    number = worker.worker_id
    if number is None:
        return
    found = await app.connector.execute_query_all_async(
        "SELECT id FROM procrastinate_workers WHERE id = %(number)s", number=number
    )
    if not found and worker.worker_id == number:
        raise WrittenOff("This worker is not in the list of workers any more.")


async def _forever(every: float, chore: Callable[[], Awaitable[object]]) -> None:
    """A chore that fails by its own fault is tried again. One that fails while it is cancelled tells its failure
    instead of the cancellation, and is over all the same."""
    while True:
        try:
            await chore()
        except Exception as error:
            task = asyncio.current_task()
            if is_outage(error) or isinstance(error, WrittenOff) or (task is not None and task.cancelling()):
                raise
            logger.exception("A chore of the worker failed; it is tried again.")
        await asyncio.sleep(every)
