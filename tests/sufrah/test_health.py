"""`/healthz` and `/readyz`."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from time import monotonic

import pytest
from django.db import DatabaseError, OperationalError, connection
from django.test import Client, override_settings
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateWorker

from conversations.models import Message
from conversations.outage import outage
from conversations.posted import Posted
from conversations.spool import key_of, spool
from sufrah import health
from tests.sessions_state.customers import Customer
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)


def heartbeat(age: timedelta = timedelta()) -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (%s)", [timezone.now() - age])


def test_alive_needs_no_database(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "readiness", None)
    assert client.get("/healthz").json() == {"alive": True}


def test_ready_with_a_living_worker(client: Client) -> None:
    heartbeat()
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {
        "ready": True,
        "database": True,
        "migrations": True,
        "worker": True,
        "workers": 1,
        "oldestUnhandledMessageSeconds": None,
        "oldestUnsentReplySeconds": None,
        "canKeepWebhooks": True,
        "keptWebhooks": 0,
        "keptWebhooksPutAside": 0,
        "oldestKeptWebhookSeconds": None,
    }


@pytest.mark.parametrize("beat", [None, timedelta(seconds=11)])
def test_a_process_without_a_worker_takes_messages_and_alerts(client: Client, beat: timedelta | None) -> None:
    """A balancer that sent nothing any more would lose what a worker could answer later; a person is called."""
    if beat is not None:
        heartbeat(beat)
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert (answer.json()["ready"], answer.json()["worker"], answer.json()["workers"]) == (True, False, 0)
    alarm = client.get("/healthz/deep")
    assert alarm.status_code == 503
    assert alarm.json()["troubles"] == ["no worker is alive"]


def test_nothing_to_look_at(client: Client) -> None:
    heartbeat()
    answer = client.get("/healthz/deep")
    assert answer.status_code == 200
    assert (answer.json()["troubles"], answer.json()["workers"]) == ([], 1)


def test_what_waits_too_long_is_an_alarm(client: Client, world: World) -> None:
    heartbeat()
    customer = Customer(world.a.bot)
    customer.at = timezone.now()
    customer.says("السلام عليكم")
    customer.sends("1")
    Message.objects.filter(direction="IN").update(received_at=timezone.now() - timedelta(minutes=2))
    Message.objects.filter(direction="OUT").update(created_at=timezone.now() - timedelta(minutes=11))
    answer = client.get("/healthz/deep")
    assert answer.status_code == 503
    assert answer.json()["troubles"] == ["messages wait for their answer", "replies wait to be sent"]
    assert client.get("/readyz").status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/healthz/deep"])
@pytest.mark.parametrize("host", ["10.2.3.4:8000", "[fd00::7]", "no-name-of-ours", "a b"])
def test_a_probe_may_name_the_machine_as_it_likes(client: Client, path: str, host: str) -> None:
    heartbeat()
    assert client.get(path, headers={"host": host}).status_code == 200
    assert client.get("/login/", headers={"host": host}).status_code == 400, "pages are strict"


def test_what_waits_is_told_in_seconds(client: Client, world: World) -> None:
    customer = Customer(world.a.bot)
    customer.at = timezone.now()
    customer.says("السلام عليكم")
    customer.sends("1")
    Message.objects.filter(direction="IN").update(received_at=timezone.now() - timedelta(seconds=90))
    Message.objects.filter(direction="OUT").update(created_at=timezone.now() - timedelta(seconds=45))

    found = client.get("/readyz").json()

    assert 90 <= found["oldestUnhandledMessageSeconds"] < 120
    assert 45 <= found["oldestUnsentReplySeconds"] < 75


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> bool:
        raise DatabaseError

    monkeypatch.setattr(health, "_is_migrated", fail)


def test_a_database_that_is_away_is_said_and_webhooks_still_come_here(client: Client, away: None) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert (answer.json()["ready"], answer.json()["database"]) == (True, False)


def test_neither_a_database_nor_a_place_to_keep_webhooks(client: Client, away: None, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with override_settings(SPOOL_DIR=tmp_path / "file"):
        answer = client.get("/readyz")
    assert answer.status_code == 503
    assert (answer.json()["ready"], answer.json()["canKeepWebhooks"]) == (False, False)


def test_no_place_to_keep_webhooks_is_said_and_no_matter_meanwhile(client: Client, tmp_path: Path) -> None:
    heartbeat()
    (tmp_path / "file").touch()
    with override_settings(SPOOL_DIR=tmp_path / "file"):
        answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["canKeepWebhooks"]) == (200, False)


def test_what_is_kept_is_told(client: Client) -> None:
    for seconds in (90, 30):
        came = timezone.now() - timedelta(seconds=seconds)
        spool().keep(Posted("inbound", "/webhook", "signature", b"Body=x", came), key_of("a", "b"))
    spool().put_aside(spool().names()[1])
    found = client.get("/readyz").json()
    assert (found["keptWebhooks"], found["keptWebhooksPutAside"]) == (1, 1)
    assert 90 <= found["oldestKeptWebhookSeconds"] < 120


def test_nobody_waits_for_a_database_that_is_known_to_be_away(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_asked", None)
    outage.begin(OperationalError())
    assert client.get("/readyz").json()["database"] is False


def test_a_database_that_hangs_is_told_in_time(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def hanging() -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(60)")
        return True

    monkeypatch.setattr(health, "_is_migrated", hanging)
    begun = monotonic()
    answer = client.get("/readyz")
    assert monotonic() - begun < 30
    assert answer.json()["database"] is False


def test_a_database_that_is_away_is_an_alarm(client: Client, away: None) -> None:
    alarm = client.get("/healthz/deep")
    assert alarm.status_code == 503
    assert alarm.json()["troubles"] == ["the database does not answer"]


def test_tables_that_are_behind_are_said(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_is_migrated", lambda: False)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["migrations"] is False


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/healthz/deep"])
def test_wrong_method(client: Client, path: str) -> None:
    assert client.post(path).status_code == 405
    assert not ProcrastinateWorker.objects.exists()
