"""A migration that finds a table in use steps aside, so that customers behind it do not wait, and comes back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.core.management.commands import migrate as stock
from django.db import connection

from sufrah.management.commands import migrate

pytestmark = pytest.mark.django_db(transaction=True)


def rival() -> psycopg.Connection[Any]:
    own = connection.get_connection_params()
    names = ("host", "port", "user", "password", "dbname")
    return psycopg.connect(**{name: own[name] for name in names if name in own})


@contextmanager
def reading(table: str) -> Iterator[psycopg.Connection[Any]]:
    """Somebody whose transaction holds the table, as a long report does."""
    with rival() as other:
        other.execute(f"LOCK TABLE {table} IN ACCESS SHARE MODE")
        yield other


@pytest.fixture
def altering(monkeypatch: pytest.MonkeyPatch, settings: Any) -> list[str]:
    """In the place of the migrations, one statement that wants the whole table; each try is noted."""
    tries: list[str] = []

    def handle(self: object, *args: object, **options: object) -> None:
        tries.append("tried")
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE bots_restaurant ALTER COLUMN name SET NOT NULL")

    monkeypatch.setattr(stock.Command, "handle", handle)
    monkeypatch.setattr(migrate, "PAUSE_SECONDS", 0.2)
    settings.MIGRATION_LOCK_SECONDS = 1
    return tries


def test_it_steps_aside_so_that_others_pass_and_then_goes_on(altering: list[str]) -> None:
    with reading("bots_restaurant") as holder:
        working = threading.Thread(target=_migrate_apart)
        working.start()
        with rival() as customer:
            customer.execute("SET statement_timeout = '30s'")
            assert customer.execute("SELECT count(*) FROM bots_restaurant").fetchone() is not None
        assert working.is_alive()
        holder.rollback()
        working.join(60)
    assert not working.is_alive()
    assert altering


def _migrate_apart() -> None:
    try:
        call_command("migrate", verbosity=0)
    finally:
        connection.close()


def test_it_gives_up_in_words(altering: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrate, "TRIES", 2)
    with reading("bots_restaurant"), pytest.raises(CommandError, match="pg_stat_activity"):
        call_command("migrate", verbosity=0)
    assert altering == ["tried", "tried"]
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("0",)


def test_an_index_that_was_left_half_built_is_cleared(altering: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def build(self: object, *args: object, **options: object) -> None:
        altering.append("tried")
        with connection.cursor() as cursor:
            cursor.execute("CREATE INDEX CONCURRENTLY tried_index ON bots_restaurant (phone)")

    monkeypatch.setattr(stock.Command, "handle", build)
    with rival() as writer:
        writer.execute("LOCK TABLE bots_restaurant IN ROW EXCLUSIVE MODE")
        monkeypatch.setattr(migrate, "TRIES", 2)
        monkeypatch.setattr(migrate, "sleep", lambda seconds: writer.rollback())
        call_command("migrate", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = 'tried_index'::regclass")
        assert cursor.fetchone() == (True,)
        cursor.execute("DROP INDEX tried_index")
    assert altering == ["tried", "tried"]
