"""The clock of changes: strictly growing in a row, comparable between rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bots.versions import grown, moment_of, next_version, version_at
from conversations.models import Conversation
from tests.clock import NOW, later
from tests.inbox import make_conversation
from tests.world import World

BEFORE, AFTER = version_at(NOW) - 5, version_at(NOW) + 5


@pytest.mark.parametrize(
    ("previous", "expected"),
    [(0, version_at(NOW)), (BEFORE, version_at(NOW)), (version_at(NOW), version_at(NOW) + 1), (AFTER, AFTER + 1)],
)
def test_it_shows_the_time_and_always_grows(world: World, previous: int, expected: int) -> None:
    assert next_version(previous, NOW) == expected
    row = make_conversation(world.a)
    Conversation.objects.filter(pk=row.pk).update(version=previous)
    Conversation.objects.filter(pk=row.pk).update(version=grown(NOW))
    row.refresh_from_db()
    assert row.version == expected, "the database counts as Python does"


def test_milliseconds_since_1970_exactly() -> None:
    assert version_at(datetime(1970, 1, 2, tzinfo=UTC)) == 86_400_000
    for n in range(2000):
        at = NOW + timedelta(milliseconds=n)
        assert moment_of(version_at(at)) == at
    assert version_at(NOW + timedelta(microseconds=999)) == version_at(NOW)
    assert next_version(version_at(NOW), later(seconds=1)) == version_at(NOW) + 1000
