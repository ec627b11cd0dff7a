"""The worker: runs the jobs, sweeps what lost jobs left, and gives back what killed workers held.

It works in rounds. An outage of the database ends a round, because whatever hangs on its connections then is of no use
any more; the next one begins with new connections as soon as the database answers.
"""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from time import monotonic

from django.conf import settings
from procrastinate.contrib.django import app
from procrastinate.contrib.django.utils import connector_params
from procrastinate.psycopg_connector import PsycopgConnector
from psycopg import AsyncConnection, Error, OperationalError, errors

from core.database.bookkeeping import BookkeepingConnection
from core.database.outage import is_outage
from core.database.patience import set_usual_patience
from sufrah.chores import HEARTBEAT_EVERY, STALLED_AFTER, WrittenOff, chores
from sufrah.rounds import Round

logger = logging.getLogger(__name__)

ASK_EVERY = 1.0
SAY_EVERY = 60.0


async def run() -> None:
    """Works until it is cancelled; then finishes the jobs that it has begun. A database that is away is waited for;
    whatever else ends the work is raised."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(settings.WORKER_CONCURRENCY + 2, "job"))
    set_usual_patience(settings.DATABASE_ANSWERS_WITHIN)
    await _database_answers()
    while True:
        try:
            await _work()
        except Exception as error:
            if not _may_go_on_after(error):
                raise
            logger.warning("The worker's connections are of no use any more (%s); it begins anew.", brief(error))
        await asyncio.sleep(ASK_EVERY / 2)
        await _database_answers()


async def _work() -> None:
    """One round: until it is cancelled or something in it fails, which is raised."""
    # Not `replace_connector`, which the stock command uses: jobs deferred inside a turn must stay on Django's
    # connection, or they would survive the turn's rollback.
    worker_app = app.with_connector(_bookkeeping())
    worker_app.perform_import_paths()  # type: ignore[no-untyped-call]  # the library leaves it untyped
    async with worker_app.open_async():
        worker = Round(
            worker_app,
            concurrency=settings.WORKER_CONCURRENCY,
            fetch_job_polling_interval=0.5,
            abort_job_polling_interval=30,
            update_heartbeat_interval=HEARTBEAT_EVERY,
            stalled_worker_timeout=STALLED_AFTER,
            delete_jobs="successful",
            shutdown_graceful_timeout=10,
            install_signal_handlers=False,
        )
        parts = [asyncio.create_task(part) for part in (worker.work(), *chores(worker_app, worker))]
        try:
            await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
        finally:
            first = next((part for part in parts if part.done()), None)
            for part in parts:
                part.cancel()
            await asyncio.gather(*parts, return_exceptions=True)
        if first is not None:
            first.result()


def _may_go_on_after(error: Exception) -> bool:
    """Also after a deadlock of the bookkeeping, and where others took this worker for dead while it could not be heard:
    then its name is gone from the list of workers, and jobs are refused to it."""
    passing = isinstance(error.__cause__, OperationalError | errors.ForeignKeyViolation)
    return is_outage(error) or passing or isinstance(error, WrittenOff)


def _bookkeeping() -> PsycopgConnector:
    """The worker's own connections. Jobs are only wake-ups, so their bookkeeping need not reach the disk at once."""
    params = connector_params()
    options = f"{params.pop('options', '')} -c synchronous_commit=off".strip()
    return PsycopgConnector(
        kwargs={**params, "options": options},
        connection_class=BookkeepingConnection,
        min_size=1,
        max_size=4,
        timeout=5,
    )


async def _database_answers() -> None:
    """Returns when it does; says once a minute that it does not, and why."""
    begun = said = monotonic()
    reason = await _trouble()
    if reason is None:
        return
    logger.warning("The database is away; the worker waits for it: %s", brief(reason))
    while reason is not None:
        if monotonic() - said >= SAY_EVERY:
            said = monotonic()
            logger.warning("The database is away for %d s; the worker waits for it: %s", said - begun, brief(reason))
        await asyncio.sleep(ASK_EVERY)
        reason = await _trouble()
    logger.warning("The database is back after %d s; the worker goes on.", monotonic() - begun)


async def _trouble() -> Error | TimeoutError | None:
    """Why the database cannot be asked; None when it answers. Raises what is no outage."""
    params = {**connector_params(), "connect_timeout": 2}
    try:
        async with asyncio.timeout(3), await AsyncConnection.connect(**params) as connection:
            await connection.execute("SELECT 1")
    except TimeoutError as error:
        return error
    except Error as error:
        if not is_outage(error):
            raise
        return error
    return None


def brief(error: BaseException) -> str:
    """The reason on one line; the driver's are many, and other libraries hide them."""
    words = " ".join(str(error.__cause__ or error).split())
    return f"{type(error.__cause__ or error).__name__}: {words[:200]}" if words else type(error).__name__
