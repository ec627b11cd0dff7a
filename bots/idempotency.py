"""The same request twice is done once (draft-ietf-httpapi-idempotency-key-header).

A claim and what it does are two transactions, because verbs begin their own. A process that dies between them leaves
a claim without an answer; once its lease is over the next caller does the thing again, under the same `name`, by which
the verb knows what it has done already.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from bots.models import IdempotentCall

KEPT = timedelta(hours=24)
LEASE = timedelta(seconds=60)
_SWEPT_AT_ONCE = 100


class KeyTaken(Exception):
    """The key was used for another request."""


class StillRunning(Exception):
    """The same request is being done at this moment."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP status and a JSON text."""

    status: int
    body: str


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to do it; with `answer` it has been done, and this is what was said."""

    row_id: int
    answer: Answer | None = None

    @property
    def name(self) -> str:
        """Lasts as long as the key is remembered, and never comes back."""
        return f"call {self.row_id}"


def claim(owner: str, key: str, fingerprint: str, *, at: datetime) -> Claim:
    """Raises KeyTaken and StillRunning. `fingerprint` tells one request from another."""
    with transaction.atomic(durable=True):
        IdempotentCall.objects.filter(owner=owner, key=key, created_at__lte=at - KEPT).delete()
        row, is_new = IdempotentCall.objects.select_for_update().get_or_create(
            owner=owner,
            key=key,
            defaults={"fingerprint": fingerprint, "lease_until": at + LEASE, "created_at": at},
        )
        if is_new:
            return Claim(row.pk)
        if row.fingerprint != fingerprint:
            raise KeyTaken
        return _claimed_again(row, at)


def _claimed_again(row: IdempotentCall, at: datetime) -> Claim:
    if row.status is not None:
        return Claim(row.pk, Answer(row.status, row.answer or ""))
    if row.lease_until > at:
        raise StillRunning
    IdempotentCall.objects.filter(pk=row.pk).update(lease_until=at + LEASE)
    return Claim(row.pk)


def settle(claim: Claim, answer: Answer) -> None:
    """From now on the same request gets this answer."""
    with transaction.atomic(durable=True):
        IdempotentCall.objects.filter(pk=claim.row_id).update(status=answer.status, answer=answer.body)


def release(claim: Claim) -> None:
    """Nothing was done: the key is free again."""
    with transaction.atomic(durable=True):
        IdempotentCall.objects.filter(pk=claim.row_id, status__isnull=True).delete()


def interrupt(claim: Claim, *, at: datetime) -> None:
    """Perhaps something was done: the same request may go on at once, another may not have the key."""
    with transaction.atomic(durable=True):
        IdempotentCall.objects.filter(pk=claim.row_id, status__isnull=True).update(lease_until=at)


def forget_old(*, at: datetime) -> None:
    """A handful of those that nobody may ask for any more, passing by what others hold."""
    with transaction.atomic(durable=True):
        old = IdempotentCall.objects.filter(created_at__lte=at - KEPT).order_by("created_at")
        held = old.select_for_update(skip_locked=True).values_list("pk", flat=True)[:_SWEPT_AT_ONCE]
        IdempotentCall.objects.filter(pk__in=list(held)).delete()
