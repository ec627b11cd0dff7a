"""The worker: runs the jobs, sweeps what lost jobs left, and gives back what killed workers held."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import close_old_connections
from django.utils import timezone
from procrastinate import App
from procrastinate.contrib.django import app
from procrastinate.contrib.django.utils import connector_params
from procrastinate.exceptions import ConnectorException
from procrastinate.psycopg_connector import PsycopgConnector

from bots.hooks.delivery import forget_old
from bots.hooks.delivery import wake_due as wake_due_hooks
from conversations.delivery import wake_due
from conversations.intake import tend
from sessions_state.sweep import sweep

logger = logging.getLogger(__name__)

SWEEP_EVERY = 2.0
HEARTBEAT_EVERY = 2.0
STALLED_AFTER = 8.0
TIDY_EVERY = 3600.0
SPOOL_SECONDS = 5.0


async def run() -> None:
    """Works until it is cancelled or stopped by a signal; then finishes the jobs that it has begun."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(settings.WORKER_CONCURRENCY + 2, "job"))
    # Not `replace_connector`, which the stock command uses: jobs deferred inside a turn must stay on Django's
    # connection, or they would survive the turn's rollback.
    worker = app.with_connector(_bookkeeping())
    async with worker.open_async():
        chores = [asyncio.create_task(chore) for chore in (_sweeping(), _reviving(worker), _tidying(worker))]
        try:
            await worker.run_worker_async(
                concurrency=settings.WORKER_CONCURRENCY,
                fetch_job_polling_interval=0.5,
                abort_job_polling_interval=30,
                update_heartbeat_interval=HEARTBEAT_EVERY,
                stalled_worker_timeout=STALLED_AFTER,
                delete_jobs="successful",
                shutdown_graceful_timeout=10,
                install_signal_handlers=False,
            )
        finally:
            for chore in chores:
                chore.cancel()
            await asyncio.gather(*chores, return_exceptions=True)


def _bookkeeping() -> PsycopgConnector:
    """The worker's own connections. Jobs are only wake-ups, so their bookkeeping need not reach the disk at once."""
    params = connector_params()
    options = f"{params.pop('options', '')} -c synchronous_commit=off".strip()
    return PsycopgConnector(kwargs={**params, "options": options}, min_size=1, max_size=4)


async def _sweeping() -> None:
    await _forever(SWEEP_EVERY, sync_to_async(_sweep_once, thread_sensitive=False))


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


async def _reviving(worker: App) -> None:
    await _forever(HEARTBEAT_EVERY, partial(revive, worker))


async def revive(worker: App) -> None:
    """Jobs in the hands of a worker whose heart stopped go back to the queue. All workers do this, so another one may
    have been faster: then the database refuses to retry the job once more."""
    for job in await worker.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER):
        with suppress(ConnectorException):
            await worker.job_manager.retry_job(job)
    await worker.job_manager.prune_stalled_workers(STALLED_AFTER)


async def _tidying(worker: App) -> None:
    """Failed jobs are kept three days for people to look at, webhook deliveries thirty."""

    async def tidy() -> None:
        await worker.job_manager.delete_old_jobs(
            nb_hours=72, include_failed=True, include_cancelled=True, include_aborted=True
        )
        await sync_to_async(forget_old, thread_sensitive=False)(timezone.now())

    await _forever(TIDY_EVERY, tidy)


async def _forever(every: float, chore: Callable[[], Awaitable[object]]) -> None:
    """Again and again; a database that is away is waited for."""
    while True:
        try:
            await chore()
        except asyncio.CancelledError:
            raise
        except Exception:
            logger.exception("A chore of the worker failed; it is tried again.")
        await asyncio.sleep(every)
