"""Is this process alive, and can the house do its work?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from procrastinate.contrib.django.models import ProcrastinateWorker

from conversations.delivery import oldest_unsent_at
from sessions_state.sweep import unhandled

WORKER_SILENT_AFTER = timedelta(seconds=10)


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
    """200 when the database answers, its tables are up to date and a worker is alive, else 503; always with details."""
    found = readiness(timezone.now())
    return JsonResponse(found.as_json(), status=200 if found.is_ready else 503)


def readiness(now: datetime) -> Readiness:
    try:
        migrated = _is_migrated()
        if not migrated:
            return Readiness(True, False, False, None, None)
        return Readiness(
            True, True, _worker_is_alive(now), _age(_oldest_unhandled_at(), now), _age(oldest_unsent_at(), now)
        )
    except DatabaseError:
        return Readiness(False, False, False, None, None)


def _is_migrated() -> bool:
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def _worker_is_alive(now: datetime) -> bool:
    return ProcrastinateWorker.objects.filter(last_heartbeat__gte=now - WORKER_SILENT_AFTER).exists()


def _oldest_unhandled_at() -> datetime | None:
    return unhandled().order_by("received_at").values_list("received_at", flat=True).first()


def _age(since: datetime | None, now: datetime) -> float | None:
    return None if since is None else round(max((now - since).total_seconds(), 0.0), 1)
