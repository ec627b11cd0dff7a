"""Work with the database that must end in time."""

from __future__ import annotations

import os
import time

import pytest
from django.db import OperationalError, connection, transaction

from bots.models import Restaurant
from core.database.patience import database_within, patience_left

pytestmark = pytest.mark.django_db(transaction=True)

SLEEP = "SELECT pg_sleep(60)"
ENDED_EARLY = 30.0


def test_who_is_in_time_is_left_alone() -> None:
    with database_within(60), connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        before = cursor.fetchone()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        assert cursor.fetchone() == before


def test_a_server_that_says_nothing_is_left_and_the_next_call_works() -> None:
    began = time.monotonic()
    with pytest.raises(OperationalError), database_within(0.3), transaction.atomic(durable=True):
        Restaurant.objects.create(name="never")
        with connection.cursor() as cursor:
            cursor.execute(SLEEP)
    assert time.monotonic() - began < ENDED_EARLY
    assert not Restaurant.objects.exists()


def test_who_is_late_outside_the_database_leaves_no_dead_connection_behind() -> None:
    with database_within(0.2):
        assert Restaurant.objects.count() == 0
        time.sleep(0.6)
    assert Restaurant.objects.count() == 0


def test_a_pool_without_a_free_connection_is_waited_for_no_longer() -> None:
    connection.close()
    pool = connection.pool  # type: ignore[attr-defined]  # the PostgreSQL backend's own
    pool.open()
    taken = [pool.getconn() for _ in range(pool.max_size)]
    try:
        began = time.monotonic()
        with pytest.raises(OperationalError), database_within(0.3):
            Restaurant.objects.count()
        assert time.monotonic() - began < pool.timeout
    finally:
        for line in taken:
            pool.putconn(line)
    assert Restaurant.objects.count() == 0


def test_a_process_that_was_forked_watches_too() -> None:
    usual = patience_left()
    with database_within(60):
        child = os.fork()
        if child == 0:  # it may not touch the parent's connection
            with database_within(0.1):
                left = patience_left()
            os._exit(0 if left is not None and left < 1 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert patience_left() == usual
