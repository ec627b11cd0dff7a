"""The first line of every process: what it is, and the settings that matter for what it will do."""

from __future__ import annotations

import logging

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, close_old_connections

from bots.demo import active_people
from core.database.patience import database_within

logger = logging.getLogger(__name__)


def tell_start(runs: str, **more: object) -> None:
    """`runs` is web, sockets, worker or house. No password stands here: of the database, only its place."""
    logger.info("started", extra={"runs": runs, **_known(), **more})


def _known() -> dict[str, object]:
    return {
        "env": settings.SUFRAH_ENV,
        "version": settings.VERSION,
        "database": _database(),
        "redis": "yes" if settings.REDIS_URL else "no",
        "public": settings.PUBLIC_BASE_URL,
        "concurrency": settings.WORKER_CONCURRENCY,
        "threads": settings.HTTP_THREADS,
    }


def _database() -> str:
    if settings.USES_EMBEDDED_DATABASE:
        return "embedded"
    place = settings.DATABASES["default"]
    return f"{place.get('HOST') or 'socket'}:{place.get('PORT') or 5432}/{place.get('NAME')}"


def refuse_demo_people() -> None:
    """Raises ImproperlyConfigured in a production where the demo's people, whose passwords lie in a file, may sign in.
    A database that is away is not asked: what must run without it begins without it."""
    if not settings.IS_PRODUCTION:
        return
    try:
        with database_within(5):
            found = active_people()
    except DatabaseError:
        return
    finally:
        close_old_connections()
    if found:
        raise ImproperlyConfigured(
            "People of the demo can sign in here. Take their rights to sign in away in the admin, or delete them."
        )
