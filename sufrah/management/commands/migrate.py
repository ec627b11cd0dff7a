"""`manage.py migrate`: Django's own, that stalls no customer while it waits for a table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import sleep
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import sql
from psycopg.errors import LockNotAvailable

TRIES = 30
PAUSE_SECONDS = 2.0
_ONE_AT_A_TIME = 0x5F7A  # names the lock of this command among the server's advisory locks


class Command(migrate.Command):
    """A migration that waits for a table makes everybody who comes after it wait as well, so it waits
    MIGRATION_LOCK_SECONDS at most, gives the table free and tries again: what is done stays done. Two of these
    commands at once go one after the other."""

    def handle(self, *args: Any, **options: Any) -> None:
        connection = connections[options["database"]]
        with _alone(connection), _impatient(connection):
            for left in reversed(range(TRIES)):
                try:
                    _drop_unfinished_indexes(connection)
                    super().handle(*args, **options)
                    return
                except OperationalError as error:
                    if not isinstance(error.__cause__, LockNotAvailable):
                        raise
                    if not left:
                        raise CommandError(
                            "A table was in use whenever the migration wanted it. Nothing is half done. Look in "
                            "pg_stat_activity for a transaction that is open for long, and migrate again."
                        ) from error
                self.stderr.write("A table is in use; the migration steps aside and tries again.")
                sleep(PAUSE_SECONDS)


@contextmanager
def _alone(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Asks again and again instead of waiting inside the server: an index that is built concurrently waits for all
    open statements, and would wait for ours for ever."""
    while not _asked(connection, "SELECT pg_try_advisory_lock(%s)"):
        sleep(PAUSE_SECONDS / 4)
    try:
        yield
    finally:
        _asked(connection, "SELECT pg_advisory_unlock(%s)")


def _asked(connection: BaseDatabaseWrapper, question: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(question, [_ONE_AT_A_TIME])
        return bool(cursor.fetchone()[0])


@contextmanager
def _impatient(connection: BaseDatabaseWrapper) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [f"{settings.MIGRATION_LOCK_SECONDS}s"])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET lock_timeout")


def _drop_unfinished_indexes(connection: BaseDatabaseWrapper) -> None:
    """What a broken-off CREATE INDEX CONCURRENTLY leaves costs writes, serves nobody, and has the name that the next
    try needs."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_index JOIN pg_class c ON c.oid = indexrelid "
            "WHERE NOT indisvalid AND relnamespace = current_schema()::regnamespace"
        )
        for (name,) in cursor.fetchall():
            cursor.execute(sql.SQL("DROP INDEX IF EXISTS {}").format(sql.Identifier(name)))
