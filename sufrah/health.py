"""Is this process alive, can it take what is sent to it, and does the whole house do its work? Three questions of three
askers: who restarts processes, the balancer, and who is woken at night."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.utils import timezone
from django.utils.deprecation import MiddlewareMixin
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
UNANSWERED_TOO_LONG = 60.0
# A reply that the provider refuses for now is tried again after up to five minutes.
UNSENT_TOO_LONG = 600.0


@dataclass(frozen=True, slots=True)
class Readiness:
    """Ages are seconds; None when nothing waits. Without a database nothing is known of workers and ages."""

    database: bool
    migrations: bool
    workers: int
    oldest_unhandled: float | None
    oldest_unsent: float | None

    @property
    def troubles(self) -> list[str]:
        found = {
            "the database does not answer": not self.database,
            "the tables are behind: run manage.py migrate": self.database and not self.migrations,
            "no worker is alive": self.migrations and not self.workers,
            "messages wait for their answer": (self.oldest_unhandled or 0) > UNANSWERED_TOO_LONG,
            "replies wait to be sent": (self.oldest_unsent or 0) > UNSENT_TOO_LONG,
        }
        return [words for words, is_so in found.items() if is_so]

    def as_json(self) -> dict[str, object]:
        return {
            "database": self.database,
            "migrations": self.migrations,
            "worker": self.workers > 0,
            "workers": self.workers,
            "oldestUnhandledMessageSeconds": self.oldest_unhandled,
            "oldestUnsentReplySeconds": self.oldest_unsent,
        }


@dataclass(frozen=True, slots=True)
class Keeping:
    """What lies on disk until the database is back; `filling` is None where the folder cannot be read."""

    can_keep: bool
    filling: Filling | None
    oldest: float | None

    @property
    def troubles(self) -> list[str]:
        found = {
            "webhooks cannot be kept on disk": not self.can_keep,
            "kept webhooks were put aside, as they cannot be recorded": bool(self.filling and self.filling.aside),
        }
        return [words for words, is_so in found.items() if is_so]

    def as_json(self) -> dict[str, object]:
        return {
            "canKeepWebhooks": self.can_keep,
            "keptWebhooks": self.filling and self.filling.waiting,
            "keptWebhooksPutAside": self.filling and self.filling.aside,
            "oldestKeptWebhookSeconds": self.oldest,
        }


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """The process answers; nothing else is asked."""
    return JsonResponse({"alive": True})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """For a balancer: 200 when this process keeps what is sent to it, else 503; always with details, within about two
    seconds. That needs no worker, and while the database is away a place on disk: a balancer that sent nothing any
    more would lose just what could be answered later."""
    found, kept = _found()
    is_ready = found.migrations if found.database else kept.can_keep
    return JsonResponse({"ready": is_ready, **found.as_json(), **kept.as_json()}, status=200 if is_ready else 503)


@never_cache
@require_safe
def deep(request: HttpRequest) -> JsonResponse:
    """For alerts: 200 when all the house does its work, else 503 with `troubles` in words; details as of `readyz`."""
    found, kept = _found()
    troubles = found.troubles + kept.troubles
    details = {"troubles": troubles, **found.as_json(), **kept.as_json()}
    return JsonResponse(details, status=503 if troubles else 200)


PROBES = {"/healthz": healthz, "/readyz": readyz, "/healthz/deep": deep}


class Probes(MiddlewareMixin):
    """A probe names a machine by its IP address, by whatever name it likes, or not at all, and has no session: it is
    answered before anybody asks for those."""

    def process_request(self, request: HttpRequest) -> HttpResponseBase | None:
        view = PROBES.get(request.path_info)
        return view(request) if view else None


def _found() -> tuple[Readiness, Keeping]:
    now = timezone.now()
    return readiness(now), keeping(now)


def keeping(now: datetime) -> Keeping:
    can_keep = not spool().trouble()
    try:
        filling = spool().filling()
    except OSError:
        return Keeping(can_keep, None, None)
    since = None if filling.oldest is None else datetime.fromtimestamp(filling.oldest, now.tzinfo)
    return Keeping(can_keep, filling, _age(since, now))


def readiness(now: datetime) -> Readiness:
    away = Readiness(False, False, 0, None, None)
    if outage.is_on:
        return away
    try:
        with database_within(ANSWERS_WITHIN):
            return _asked(now)
    except (DatabaseError, InterfaceError):
        return away


def _asked(now: datetime) -> Readiness:
    if not _is_migrated():
        return Readiness(True, False, 0, None, None)
    return Readiness(True, True, _workers_alive(now), _age(_oldest_unhandled_at(), now), _age(oldest_unsent_at(), now))


def _is_migrated() -> bool:
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def _workers_alive(now: datetime) -> int:
    return ProcrastinateWorker.objects.filter(last_heartbeat__gte=now - WORKER_SILENT_AFTER).count()


def _oldest_unhandled_at() -> datetime | None:
    return unhandled().order_by("received_at").values_list("received_at", flat=True).first()


def _age(since: datetime | None, now: datetime) -> float | None:
    return None if since is None else round(max((now - since).total_seconds(), 0.0), 1)
