"""Said at start, with what to do: a production that is not ready does not begin."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as Caution
from django.db import DatabaseError, connection

from bots.demo import active_people
from bots.gaps import gaps

KEPT_FOR_PEOPLE = 10
"""Connections for migrations, a console, and PostgreSQL's own superusers."""


@register(Tags.security)
def check_environment(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """bots.E003 to bots.E010. Settings refuse the same at import; here for what changed since."""
    return [Error(gap.what, hint=gap.hint, id=gap.code) for gap in gaps(settings)]


@register(Tags.security, deploy=True)
def check_server(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """bots.E011 and bots.W012: what only the database knows. A server that is away is not asked: the processes wait
    for it too, and ask at their start."""
    if not settings.IS_PRODUCTION:
        return []
    try:
        return [*_demo_people(), *_connections(max_connections())]
    except DatabaseError:
        return []


def _demo_people() -> Iterator[CheckMessage]:
    if active_people():
        yield Error(
            "People of the demo can sign in here.",
            hint="Take their rights to sign in (“active”) away in the admin, or delete them.",
            id="bots.E011",
        )


def _connections(there: int) -> Iterator[CheckMessage]:
    wanted = connections_wanted()
    if wanted > there - KEPT_FOR_PEOPLE:
        yield Caution(
            f"The processes may open {wanted} connections together; PostgreSQL lets {there} in and "
            f"{KEPT_FOR_PEOPLE} should stay free.",
            hint="Lower HTTP_WORKERS, HTTP_THREADS or WORKER_CONCURRENCY, or raise max_connections.",
            id="bots.W012",
        )


def connections_wanted() -> int:
    """Of README's processes: gunicorn's, one for sockets, and one worker with four of its own for its bookkeeping."""
    each: int = settings.DATABASES["default"]["OPTIONS"]["pool"]["max_size"]
    return each * (settings.HTTP_WORKERS + 2) + 4


def max_connections() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SHOW max_connections")
        return int(cursor.fetchone()[0])


@register(Tags.security, deploy=True)
def check_proxies(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """bots.E020, of `check --deploy`: sign-ins and calls are counted by address, so whose address is seen must be
    said."""
    if not settings.IS_PRODUCTION or settings.TRUSTED_PROXIES_SAID:
        return []
    return [
        Error(
            "TRUSTED_PROXIES is not set: behind a proxy all visitors would share one address, and one who guesses "
            "passwords would make everybody wait.",
            hint="Set it to the number of your proxies that append to X-Forwarded-For: 1 behind one proxy, 0 where "
            "visitors reach the web server itself.",
            id="bots.E020",
        )
    ]
