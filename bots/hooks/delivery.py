"""Delivers what waits for an address: claim, send outside any transaction, settle."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from random import SystemRandom
from threading import BoundedSemaphore

from django.db.models import Exists, OuterRef

from bots.hooks.claims import OPEN, Outcome, claim_next, settle
from bots.hooks.endpoints import switch_off_failing
from bots.hooks.models import HookDelivery, HookEndpoint
from bots.hooks.recording import MOST_TRIES
from bots.hooks.signing import HEADER, signature, standard_headers
from bots.hooks.wire import NoAnswer, post
from bots.jobs import wake_missing
from bots.secrets import SecretUnreadable

KEPT = timedelta(days=30)
# After the first attempt, the second, …: ten attempts within about 24 hours.
PAUSES = tuple(timedelta(seconds=s) for s in (10, 60, 300, 900, 3600, 7200, 14_400, 28_800, 28_800))
_A_TURN = timedelta(seconds=10)
_WOKEN_AT_ONCE = 500
# Slow receivers must not take the threads in which customers are answered.
_places = BoundedSemaphore(2)
_chance = SystemRandom()
logger = logging.getLogger(__name__)


def deliver(endpoint_id: int, now: Callable[[], datetime]) -> int:
    """Sends what is due at this address, for about ten seconds; returns how many attempts that were. What is left,
    also when too many addresses are being served, the sweep finds."""
    if not _places.acquire(blocking=False):
        return 0
    try:
        return _served(endpoint_id, now)
    finally:
        _places.release()


def wake_due(now: datetime) -> int:
    """Wakes `deliver_hooks` for addresses where something is due and that have no job waiting; returns how many. By
    lot, so that slow receivers with a backlog do not take the places every time."""
    due = HookDelivery.objects.filter(endpoint=OuterRef("pk"), status__in=OPEN, due_at__lte=now)
    waiting = HookEndpoint.objects.filter(Exists(due), is_active=True).order_by("?").values_list("id", flat=True)
    return wake_missing("deliver_hooks", "endpoint_id", list(waiting[:_WOKEN_AT_ONCE]))


def forget_old(now: datetime) -> int:
    """Deliveries that ended are kept for thirty days; returns how many rows went."""
    return HookDelivery.objects.exclude(status__in=OPEN).filter(created_at__lt=now - KEPT).delete()[0]


def body_of(delivery: HookDelivery) -> bytes:
    """The same bytes at each attempt: `{id, type, createdAt, data}`."""
    said = {
        "id": str(delivery.code),
        "type": delivery.event,
        "createdAt": delivery.created_at.isoformat().replace("+00:00", "Z"),
        "data": delivery.data,
    }
    return json.dumps(said, separators=(",", ":")).encode()


def pause_after(tries_left: int) -> timedelta:
    """Until the next attempt, a tenth more or less so that crowds thin out."""
    made = max(MOST_TRIES - tries_left, 1)
    return PAUSES[min(made, len(PAUSES)) - 1] * _chance.uniform(0.9, 1.1)


def _served(endpoint_id: int, now: Callable[[], datetime]) -> int:
    until, attempts = now() + _A_TURN, 0
    while now() < until and (claim := claim_next(endpoint_id, now())):
        outcome = _attempt(claim, now())
        settle(claim, outcome, now() + pause_after(claim.tries_left))
        attempts += 1
        if not outcome.is_success and switch_off_failing(claim.endpoint, now()):
            logger.error("A webhook was switched off after three days of failures.", extra={"hook_id": endpoint_id})
    return attempts


def _attempt(claim: HookDelivery, at: datetime) -> Outcome:
    begun, body = time.monotonic(), body_of(claim)
    status, problem, excerpt, is_success = None, "", "", False
    try:
        answer = post(claim.endpoint.url, body, _headers(claim, body, at))
    except NoAnswer as error:
        problem = error.reason
    except SecretUnreadable:
        problem = "secret"
    else:
        status, excerpt, is_success = answer.status, answer.excerpt, answer.is_success
    return Outcome(at, round((time.monotonic() - begun) * 1000), status, problem, excerpt, is_success)


def _headers(claim: HookDelivery, body: bytes, at: datetime) -> dict[str, str]:
    secret, code = claim.endpoint.secret.reveal(), str(claim.code)
    return {
        "Content-Type": "application/json",
        "User-Agent": "Sufrah-Webhooks/1",
        "Accept-Encoding": "identity",
        **standard_headers(secret, code, body, at),
        "Sufrah-Delivery": code,
        "Sufrah-Event": claim.event,
        HEADER: signature(secret, body, at),
    }
