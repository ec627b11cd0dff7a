"""Tries are counted before they are made, so that forty guesses at once count as forty; a success gives back."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.crypto import salted_hmac

from bots.sign_in.hashing import TooManyAtOnce
from bots.sign_in.models import TryCount

logger = logging.getLogger(__name__)
_LONGEST_MEMORY = timedelta(days=1)


class MustWait(Exception):
    """Too many tries. `left` is the time until the next one counts; `kind` says which count is full."""

    def __init__(self, left: timedelta, kind: str) -> None:
        super().__init__(kind)
        self.left = left
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Count:
    """`who` may miss `tries` times. Then comes `pause`, which doubles with each further miss up to `longest`; a count
    that rests for `memory` begins anew. `is_cleared` when a success wipes it, else a success gives one try back."""

    kind: str
    who: str
    tries: int
    pause: timedelta
    longest: timedelta
    memory: timedelta
    is_cleared: bool = True

    @property
    def key(self) -> str:
        return salted_hmac("bots.sign_in.tries", f"{self.kind}\n{self.who}", algorithm="sha256").hexdigest()

    def misses_of(self, row: TryCount, at: datetime) -> int:
        return row.misses if at - row.missed_at < self.memory else 0

    def until(self, misses: int, at: datetime) -> datetime | None:
        if misses < self.tries:
            return None
        doublings = min(misses - self.tries, 20)
        return at + min(self.pause * (1 << doublings), self.longest)


@contextmanager
def counted(counts: Iterable[Count], *, at: datetime) -> Iterator[None]:
    """What happens inside is a try: it failed when it raises ValidationError, and was none when it raises
    TooManyAtOnce. Raises MustWait before it where one of the counts is full, and after it when its miss filled one."""
    known = list(counts)
    take(known, at=at)
    try:
        yield
    except TooManyAtOnce:
        give_back(known)
        raise
    except ValidationError as error:
        full = waiting(known, at)
        if full is not None:
            raise full from error
        raise
    forgive(known)


def take(counts: Iterable[Count], *, at: datetime) -> None:
    """One more miss for all of them, until it is known better. Raises MustWait where one is full; then nothing is
    counted, so that trying on makes no wait longer."""
    known = {count.key: count for count in counts}
    with transaction.atomic(durable=True):
        rows = _locked(known, at)
        full = _longest(known, rows, at)
        if full is not None:
            raise full
        for row in rows:
            count = known[row.who]
            row.misses = count.misses_of(row, at) + 1
            row.missed_at, row.until = at, count.until(row.misses, at)
        TryCount.objects.bulk_update(rows, ["misses", "missed_at", "until"])


def waiting(counts: Iterable[Count], at: datetime) -> MustWait | None:
    """The longest wait of these, if one is full."""
    known = {count.key: count for count in counts}
    full = _longest(known, TryCount.objects.filter(who__in=known), at)
    if full is not None:
        logger.warning("Too many tries: the count %s is full.", full.kind)
    return full


def give_back(counts: Iterable[Count]) -> None:
    """The try that was taken was none."""
    known = {count.key: count for count in counts}
    with transaction.atomic(durable=True):
        rows = list(TryCount.objects.select_for_update().filter(who__in=known).order_by("who"))
        for row in rows:
            row.misses = max(row.misses - 1, 0)
            row.until = row.until if row.misses >= known[row.who].tries else None
        TryCount.objects.bulk_update(rows, ["misses", "until"])


def forgive(counts: Iterable[Count]) -> None:
    """The try was a success."""
    known = list(counts)
    cleared = [count.key for count in known if count.is_cleared]
    TryCount.objects.filter(who__in=cleared).delete()
    give_back(count for count in known if not count.is_cleared)


def forget_old(now: datetime) -> None:
    """Counts that hold nobody any more."""
    TryCount.objects.filter(missed_at__lt=now - _LONGEST_MEMORY).delete()


def _locked(known: dict[str, Count], at: datetime) -> list[TryCount]:
    """Their rows, always in the same order, so that no two sign-ins wait for each other."""
    fresh = [TryCount(who=key, misses=0, missed_at=at) for key in sorted(known)]
    TryCount.objects.bulk_create(fresh, ignore_conflicts=True)
    return list(TryCount.objects.select_for_update().filter(who__in=known).order_by("who"))


def _longest(known: dict[str, Count], rows: Iterable[TryCount], at: datetime) -> MustWait | None:
    held = [(row.until - at, known[row.who].kind) for row in rows if row.until is not None and row.until > at]
    return MustWait(*max(held)) if held else None
