"""What every test may ask for."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.test import override_settings
from django.utils import translation
from pytest_django.plugin import DjangoDbBlocker

from bots import live
from bots.rest import counting
from conversations.intake import tender
from conversations.outage import outage
from core.pause import Pause
from tests.fakes import FakeTwilio
from tests.world import World, make_world


def pytest_configure() -> None:
    """Slow hashing protects real passwords; here it would cost a second for every world."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def nothing_kept(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A spool of the test's own, which nobody empties behind its back; the folder comes with its first request. The
    database may be slow here: only who tests an outage is impatient."""
    folder = tmp_path_factory.getbasetemp() / f"spool-{uuid.uuid4().hex}"
    monkeypatch.setattr(tender, "start", lambda: None)
    with override_settings(SPOOL_DIR=folder, WEBHOOK_PATIENCE_SECONDS=60.0):
        yield folder
    outage.end()


@pytest.fixture
def world(db: None) -> World:
    return make_world()


@pytest.fixture(autouse=True)
def every_test_begins_in_english() -> Iterator[None]:
    """A request leaves its reader's language behind, as a real thread does between two requests."""
    with translation.override("en"):
        yield


@pytest.fixture(autouse=True)
def nothing_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cache in this process outlives a test, and with it the calls and failures that were counted; so do the
    pauses after a Redis that was away: what the next test announces would be lost."""
    cache.clear()
    monkeypatch.setattr(counting, "_pause", Pause(2.0))
    monkeypatch.setattr(live, "_pause", Pause(2.0))


@pytest.fixture(autouse=True)
def no_jobs_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """The job engine's tables are not Django's own, so the flush after a transactional test passes them by."""
    yield
    marker = request.node.get_closest_marker("django_db")
    if marker is not None and marker.kwargs.get("transaction"):
        blocker: DjangoDbBlocker = request.getfixturevalue("django_db_blocker")
        with blocker.unblock(), connection.cursor() as cursor:
            cursor.execute("TRUNCATE procrastinate_jobs, procrastinate_workers CASCADE")


@pytest.fixture
def twilio() -> Iterator[FakeTwilio]:
    """A fake Twilio that all calls of the library go to."""
    with FakeTwilio() as fake, override_settings(TWILIO_API_BASE_URL=fake.url):
        yield fake
