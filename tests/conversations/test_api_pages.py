"""Lists over REST: in one order, page by page, at the same cost."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from conversations.models import Conversation
from tests.api_calls import Caller, body_of, caller, furnished, operator_for, refusal
from tests.clock import NOW, later
from tests.conversations.api_rows import CONVERSATIONS, codes, ids, next_of, paged, said_in, talks
from tests.world import World


@pytest.fixture
def own(world: World) -> Caller:
    return caller(world.a.restaurant)


def test_newest_first_page_by_page(own: Caller, world: World) -> None:
    expected = codes(talks(world.a, 7))[::-1]
    talks(world.b, 3)
    assert ids(own.get(CONVERSATIONS)) == expected
    assert paged(own, f"{CONVERSATIONS}?limit=3") == [expected[:3], expected[3:6], expected[6:]]
    assert ids(own.get(f"{CONVERSATIONS}?limit=2&offset=3")) == expected[3:5]
    assert paged(own, f"{CONVERSATIONS}?limit=3&offset=1") == [expected[1:4], expected[4:]]
    assert ids(own.get(f"{CONVERSATIONS}?before={expected[4]}")) == expected[5:]
    assert ids(own.get(f"{CONVERSATIONS}?after={expected[2]}")) == expected[:2]
    assert paged(own, f"{CONVERSATIONS}?limit=2&after={expected[5]}") == [expected[3:5], expected[1:3], expected[:1]]
    between = f"{CONVERSATIONS}?limit=2&after={expected[5]}&before={expected[0]}"
    assert paged(own, between) == [expected[1:3], expected[3:5]]
    assert ids(own.get(f"{CONVERSATIONS}?offset=10000")) == []


def test_a_page_holds_although_a_conversation_moves(own: Caller, world: World) -> None:
    rows = talks(world.a, 4)
    answer = own.get(f"{CONVERSATIONS}?limit=2")
    Conversation.objects.filter(pk=rows[2].pk).update(last_message_at=later(days=1), status="closed")
    assert ids(own.get(next_of(answer) or "")) == codes(rows[:2])[::-1]


def test_the_same_moment_is_no_gap_and_no_double(own: Caller, world: World) -> None:
    rows = talks(world.a, 5)
    Conversation.objects.update(last_message_at=NOW)
    assert paged(own, f"{CONVERSATIONS}?limit=2") == [
        codes(rows[3:])[::-1],
        codes(rows[1:3])[::-1],
        codes(rows[:1]),
    ]


def test_a_status_is_a_choice(own: Caller, world: World) -> None:
    rows = talks(world.a, 4)
    Conversation.objects.filter(pk__in=[rows[0].pk, rows[2].pk]).update(status="closed")
    assert ids(own.get(f"{CONVERSATIONS}?status=closed")) == codes([rows[2], rows[0]])
    assert paged(own, f"{CONVERSATIONS}?status=closed&limit=1") == [codes([rows[2]]), codes([rows[0]])]
    assert ids(own.get(f"{CONVERSATIONS}?status=active")) == codes([rows[3], rows[1]])
    assert len(ids(own.get(f"{CONVERSATIONS}?status="))) == 4
    assert refusal(own.get(f"{CONVERSATIONS}?status=asleep"))[0] == 400


@pytest.mark.parametrize("path", [CONVERSATIONS, "/api/conversations", "messages", "/api/orders"])
def test_pages_have_limits(own: Caller, world: World, path: str) -> None:
    row = furnished(world.a).conversation
    path = f"{CONVERSATIONS}/{row.code}/messages" if path == "messages" else path
    wrong = {
        "limit": ["0", "-1", "201", "10000", "ten", "1.5", "%205", "٥", "1e2", "99999999999999999999", "%00", ""],
        "offset": ["-1", "10001", "99999999999999999999", "x", ""],
        "before": ["%00", "x" * 121, "%0A", "%20", "٥"],
        "after": ["%00", "x%0A"],
    }
    for name, values in wrong.items():
        for value in values:
            answer = own.get(f"{path}?{name}={value}")
            assert refusal(answer)[0] == 400, (name, value)
            assert set(body_of(answer)["details"]) == {name}
    for name in ("before", "after"):
        for nowhere in (str(uuid4()), "x", "2026-03-14~x", f"never~{row.code}", f"2026-03-14~{row.code}", row.bot.code):
            assert refusal(own.get(f"{path}?{name}={nowhere}")) == (404, f"There is no such place in this list: {name}")
    for right in ("limit=1", "limit=200", "offset=0", "offset=10000", "before=", "after="):
        assert own.get(f"{path}?{right}").status_code == 200


def test_a_place_in_anothers_list_is_none(own: Caller, world: World) -> None:
    [theirs] = talks(world.b, 1)
    at = theirs.last_message_at.isoformat().replace("+", "%2B")
    for cursor in (theirs.code, f"{at}~{theirs.code}"):
        assert refusal(own.get(f"{CONVERSATIONS}?before={cursor}"))[0] == 404


def test_the_newest_messages_in_the_order_of_speaking(own: Caller, world: World) -> None:
    [row] = talks(world.a, 1)
    path, expected = f"{CONVERSATIONS}/{row.code}/messages", codes(said_in(row, 7))
    assert ids(own.get(path)) == expected
    assert paged(own, f"{path}?limit=3") == [expected[4:], expected[1:4], expected[:1]]
    assert ids(own.get(f"{path}?limit=2&offset=3")) == expected[2:4]
    assert ids(own.get(f"{path}?before={expected[2]}")) == expected[:2]
    assert ids(own.get(f"{path}?after={expected[4]}")) == expected[5:]
    assert paged(own, f"{path}?limit=2&after={expected[1]}") == [expected[2:4], expected[4:6], expected[6:]]


def test_a_page_has_100_messages_or_50_conversations(own: Caller, world: World) -> None:
    rows = talks(world.a, 51)
    said_in(rows[0], 101)
    assert len(ids(own.get(CONVERSATIONS))) == 50
    assert len(ids(own.get(f"{CONVERSATIONS}/{rows[0].code}/messages"))) == 100
    assert len(ids(own.get(f"{CONVERSATIONS}/{rows[0].code}/messages?limit=200"))) == 101


def test_lists_cost_the_same_for_many(
    own: Caller, world: World, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    rows = talks(world.a, 12)
    said_in(rows[0], 12)
    messages = f"{CONVERSATIONS}/{rows[0].code}/messages"
    own.get(CONVERSATIONS)  # notes the use of the token
    for limit in (1, 12):
        with django_assert_num_queries(2):  # token with restaurant, page
            own.get(f"{CONVERSATIONS}?limit={limit}")
        with django_assert_num_queries(4):  # token, conversation, page, its media
            answer = own.get(f"{messages}?limit={limit}")
    with django_assert_num_queries(2):
        own.get(f"{CONVERSATIONS}/stats")
    answer = own.get(f"{CONVERSATIONS}?limit=3")
    while following := next_of(answer):
        with django_assert_num_queries(3):  # token, place of the cursor, page
            answer = own.get(following)
    operator = operator_for(world.a.restaurant)
    operator.get(CONVERSATIONS)
    with django_assert_num_queries(3):  # token, restaurant, page
        operator.get(CONVERSATIONS)


def test_every_page_costs_the_same(own: Caller, world: World) -> None:
    """The database starts at the cursor's place in the index and reads a page, however many rows lie before."""
    rows = talks(world.a, 600)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE conversations_conversation")
    with CaptureQueriesContext(connection) as seen:
        assert len(ids(own.get(f"{CONVERSATIONS}?before={rows[500].code}&limit=10"))) == 10
    [page] = [query["sql"] for query in seen if "last_message_at" in query["sql"] and "LIMIT 11" in query["sql"]]
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {page}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "conversations_newest" in plan, plan
    assert "Index Cond" in plan, plan
    assert "Sort" not in plan, plan
    dropped = sum(int(count) for count in re.findall(r"Rows Removed by Filter: (\d+)", plan))
    assert dropped < 10, plan  # small tables beside it may be read whole


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00%2B23:59", "9999-12-31T23:59:59-23:59"])
def test_a_moment_outside_all_calendars_is_no_place(own: Caller, world: World, moment: str) -> None:
    [row] = talks(world.a, 1)
    for name in ("before", "after"):
        said = refusal(own.get(f"{CONVERSATIONS}?{name}={moment}~{row.code}"))
        assert said == (404, f"There is no such place in this list: {name}")
