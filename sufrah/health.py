"""Is this process alive, and can the house do its work?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from procrastinate.contrib.django.models import ProcrastinateWorker

from conversations.delivery import oldest_unsent_at
from conversations.outage import outage
from conversations.spool import Filling, spool
from core.database.patience import database_within
from sessions_state.sweep import unhandled

WORKER_SILENT_AFTER = timedelta(seconds=10)
ANSWERS_WITHIN = 2.0


@dataclass(frozen=True, slots=True)
class Readiness:
    """Ages are seconds; None when nothing waits."""

    database: bool
    migrations: bool
    worker: bool
    oldest_unhandled: float | None
    oldest_unsent: float | None

    @property
    def is_ready(self) -> bool:
        return self.database and self.migrations and self.worker

    def as_json(self) -> dict[str, object]:
        return {
            "ready": self.is_ready,
            "database": self.database,
            "migrations": self.migrations,
            "worker": self.worker,
            "oldestUnhandledMessageSeconds": self.oldest_unhandled,
            "oldestUnsentReplySeconds": self.oldest_unsent,
        }


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """The process answers; nothing else is asked."""
    return JsonResponse({"alive": True})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when the database answers, its tables are up to date and a worker is alive, else 503; always with details.
    While the database is away, 200 as long as webhooks can be kept: a balancer that sent none would lose them."""
    now = timezone.now()
    found, kept = readiness(now), keeping(now)
    is_ready = found.is_ready if found.database else kept.can_keep
    return JsonResponse({**found.as_json(), "ready": is_ready, **kept.as_json()}, status=200 if is_ready else 503)


@dataclass(frozen=True, slots=True)
class Keeping:
    """What lies on disk until the database is back; `filling` is None where the folder cannot be read."""

    can_keep: bool
    filling: Filling | None
    oldest: float | None

    def as_json(self) -> dict[str, object]:
        return {
            "canKeepWebhooks": self.can_keep,
            "keptWebhooks": self.filling and self.filling.waiting,
            "keptWebhooksPutAside": self.filling and self.filling.aside,
            "oldestKeptWebhookSeconds": self.oldest,
        }


def keeping(now: datetime) -> Keeping:
    can_keep = not spool().trouble()
    try:
        filling = spool().filling()
    except OSError:
        return Keeping(can_keep, None, None)
    since = None if filling.oldest is None else datetime.fromtimestamp(filling.oldest, now.tzinfo)
    return Keeping(can_keep, filling, _age(since, now))


def readiness(now: datetime) -> Readiness:
    away = Readiness(False, False, False, None, None)
    if outage.is_on:
        return away
    try:
        with database_within(ANSWERS_WITHIN):
            return _asked(now)
    except (DatabaseError, InterfaceError):
        return away


def _asked(now: datetime) -> Readiness:
    if not _is_migrated():
        return Readiness(True, False, False, None, None)
    return Readiness(
        True, True, _worker_is_alive(now), _age(_oldest_unhandled_at(), now), _age(oldest_unsent_at(), now)
    )


def _is_migrated() -> bool:
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def _worker_is_alive(now: datetime) -> bool:
    return ProcrastinateWorker.objects.filter(last_heartbeat__gte=now - WORKER_SILENT_AFTER).exists()


def _oldest_unhandled_at() -> datetime | None:
    return unhandled().order_by("received_at").values_list("received_at", flat=True).first()


def _age(since: datetime | None, now: datetime) -> float | None:
    return None if since is None else round(max((now - since).total_seconds(), 0.0), 1)
