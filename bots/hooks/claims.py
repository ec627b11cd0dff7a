"""Who delivers what, and how it ended. Each function is one short transaction; the network is never inside one.

A claim is the row's status `sending`, its attempt number, and `due_at` as the end of its lease.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from bots.hooks.models import HookAttempt, HookDelivery, HookEndpoint

# Longer than any exchange with a look-up of the name before it.
LEASE = timedelta(seconds=60)
Status = HookDelivery.Status
OPEN = (Status.WAITING, Status.SENDING)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one attempt, which began `at`; `answer` is the HTTP status, or None with a `problem`."""

    at: datetime
    milliseconds: int
    answer: int | None
    problem: str
    excerpt: str
    is_success: bool


def claim_next(endpoint_id: int, now: datetime) -> HookDelivery | None:
    """A delivery that is due at an address that is on, with its endpoint; None when there is none."""
    due = HookDelivery.objects.filter(
        endpoint_id=endpoint_id, endpoint__is_active=True, status__in=OPEN, due_at__lte=now
    )
    with transaction.atomic(durable=True):
        locked = due.select_related("endpoint").select_for_update(of=("self",), no_key=True, skip_locked=True)
        delivery = locked.order_by("due_at", "id").first()
        if delivery is None:
            return None
        delivery.status, delivery.due_at = Status.SENDING, now + LEASE
        delivery.attempts, delivery.tries_left = delivery.attempts + 1, max(delivery.tries_left - 1, 0)
        delivery.save(update_fields=["status", "due_at", "attempts", "tries_left"])
        return delivery


def settle(claim: HookDelivery, outcome: Outcome, again_at: datetime) -> None:
    """Writes the attempt down. The delivery itself changes only while the claim is still the row's."""
    with transaction.atomic(durable=True):
        if not HookDelivery.objects.select_for_update(no_key=True).filter(pk=claim.pk).first():
            return  # removed with its address
        _note(claim, outcome)
        ours = HookDelivery.objects.filter(pk=claim.pk, status=Status.SENDING, attempts=claim.attempts)
        ours.update(status=_status(claim, outcome), due_at=again_at)
        _mark(claim.endpoint_id, outcome)


def _note(claim: HookDelivery, outcome: Outcome) -> None:
    HookAttempt.objects.create(
        delivery=claim,
        number=claim.attempts,
        at=outcome.at,
        milliseconds=outcome.milliseconds,
        answer=outcome.answer,
        problem=outcome.problem,
        excerpt=outcome.excerpt,
    )


def _status(claim: HookDelivery, outcome: Outcome) -> str:
    if outcome.is_success:
        return Status.DELIVERED
    return Status.WAITING if claim.tries_left else Status.FAILED


def _mark(endpoint_id: int, outcome: Outcome) -> None:
    endpoint = HookEndpoint.objects.filter(pk=endpoint_id)
    if outcome.is_success:
        endpoint.update(failing_since=None, last_success_at=outcome.at)
    else:
        endpoint.filter(failing_since=None).update(failing_since=outcome.at)
