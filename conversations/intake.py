"""Nothing that is posted is lost: it is recorded, or kept on disk and recorded in order once the database is back."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import takewhile

from django.conf import settings
from django.db import close_old_connections
from django.http import QueryDict
from django.utils import timezone

from conversations.outage import AWAY, outage
from conversations.posted import Posted, Unreadable
from conversations.receiving import Refused, form_of, look_at, receive, said_in
from conversations.spool import ANY, Spool, SpoolError, key_of, lane_of, spool
from core.database.patience import database_within

logger = logging.getLogger(__name__)

FLUSH_PATIENCE = 10.0
TEND_EVERY = 1.0
_AT_ONCE = 200
_LANES = 2


def take_in(posted: Posted) -> None:
    """Raises Refused, and SpoolError when it can neither be recorded nor kept.

    What is kept is refused later, if it must be: without the database nobody knows the sender's token.
    """
    look_at(posted)
    form = form_of(posted)
    key = _key_of(posted, form)
    tender.start()
    if outage.is_on or (key and spool().holds(key)) or not _received(posted, form):
        said_in(posted, form)
        _keep(posted, key)
        tender.wake()


def _received(posted: Posted, form: QueryDict) -> bool:
    """False when the database does not answer in time. It may have recorded it all the same, which does no harm."""
    try:
        with database_within(settings.WEBHOOK_PATIENCE_SECONDS):
            receive(posted, form, now=posted.at)
    except AWAY as error:
        outage.begin(error)
        return False
    return True


def tend(seconds: float = 60.0) -> None:
    """Asks for a database that was away, and empties the spool once it is there."""
    if outage.is_on and not outage.probe():
        if outage.is_to_be_said():
            logger.error("The database is still away; %s", _lying())
    elif spool().holds():
        flush(seconds)


def flush(seconds: float) -> int:
    """Records what is kept, the oldest first, until nothing is left, the time is over or the database goes; returns
    how many have left. Does nothing while another thread or process is at it."""
    kept, done, until = spool(), 0, time.monotonic() + seconds
    with kept.locked() as mine:
        if mine:
            kept.drop_stale_drafts()
        # What comes meanwhile goes behind its own conversation's: until nothing is left, not until the list is done.
        while mine and (names := kept.names()[:_AT_ONCE]):
            ended = _flush_lanes(kept, names, until)
            done += ended
            if ended < len(names):
                break
    if done:
        logger.warning("%d kept webhooks are done; %s", done, _lying())
    return done


def _lying() -> str:
    """Raises OSError when the folder cannot be read."""
    found = spool().filling()
    return f"{found.waiting} wait on disk ({found.size / 2**20:.1f} MB), {found.aside} are put aside."


def _flush_lanes(kept: Spool, names: list[str], until: float) -> int:
    """Conversations beside each other, each in its order: as many at once as at a busy door, so that the spool shrinks
    however many write meanwhile."""
    lanes: dict[str, list[str]] = defaultdict(list)
    for name in names:
        lanes[lane_of(name)].append(name)

    def run(lane: list[str]) -> int:
        try:
            return sum(1 for _ in takewhile(lambda name: time.monotonic() < until and _flushed(kept, name), lane))
        finally:
            close_old_connections()

    with ThreadPoolExecutor(_LANES, "spool") as threads:
        return sum(threads.map(run, lanes.values()))


def _keep(posted: Posted, key: str) -> None:
    try:
        spool().keep(posted, key)
    except SpoolError as error:
        logger.critical("A webhook could not be kept and is refused with 503. %s", error)
        raise


def _key_of(posted: Posted, form: QueryDict) -> str:
    """The order in which reports of a status come does not matter."""
    return key_of(str(form.get("To", "")), str(form.get("From", ""))) if posted.door == "inbound" else ANY


def _flushed(kept: Spool, name: str) -> bool:
    """False while the database is away: then the request stays. A request leaves the spool after its commit, so a
    kill between the two lets it be recorded again, which changes nothing."""
    if outage.is_on:
        return False
    try:
        posted = kept.read(name)
        with database_within(FLUSH_PATIENCE):
            receive(posted, form_of(posted), now=timezone.now())
    except FileNotFoundError:
        return True
    except AWAY as error:
        outage.begin(error)
        return False
    except Refused as refusal:
        logger.warning("A kept webhook is not genuine or not for us (%d) and was dropped.", refusal.status)
    except (Unreadable, OSError) as error:
        return _set_aside(kept, name, str(error))
    except Exception:
        logger.exception("A kept webhook could not be recorded.")
        return _set_aside(kept, name, "it could not be recorded")
    kept.remove(name)
    return True


def _set_aside(kept: Spool, name: str, why: str) -> bool:
    logger.error("The kept webhook %s was put aside: %s.", name, why)
    kept.put_aside(name)
    return True


class _Tender:
    """A thread of each web process: asks for a database that was away, and flushes. It starts with the first webhook,
    or when the process says so, and again in a process that was forked."""

    def __init__(self, chore: Callable[[], None]) -> None:
        self._chore = chore
        self._lock = threading.Lock()
        self._woken = threading.Event()
        self._thread: threading.Thread | None = None
        os.register_at_fork(after_in_child=self._forget)

    def start(self) -> None:
        if self._thread is not None:
            return
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="spool", daemon=True)
                self._thread.start()

    def wake(self) -> None:
        """What was just kept is looked at now, unless the database is known to be away: that is asked once a second."""
        if not outage.is_known:
            self._woken.set()

    def _forget(self) -> None:
        self._lock, self._woken, self._thread = threading.Lock(), threading.Event(), None

    def _run(self) -> None:
        while True:
            self._woken.wait(TEND_EVERY)
            self._woken.clear()
            try:
                self._chore()
            except Exception:
                logger.exception("The spool could not be looked after; it is tried again.")


tender = _Tender(tend)
"""Started where a web process starts, so that a spool is emptied also when nobody writes."""
