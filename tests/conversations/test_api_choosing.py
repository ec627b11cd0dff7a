"""The filters of the inbox over REST, one message by its id, and conversations given to staff."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from bots.models import Membership
from conversations import handoff
from conversations.models import Conversation
from tests.api_calls import Caller, at_once, body_of, caller, furnished, operator_for, refusal
from tests.conversations.api_rows import CONVERSATIONS, codes, ids, said_in, talks
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def own(world: World) -> Caller:
    return caller(world.a.restaurant)


def member(user: Any) -> str:
    return str(Membership.objects.get(user=user).code)


def test_the_filters_of_the_inbox(own: Caller, world: World) -> None:
    agent, owner = member(world.a.agent), member(world.a.owner)
    rows = talks(world.a, 4)
    talks(world.b, 2, unread_count=1, needs_attention=True, customer_name="Sara")
    Conversation.objects.filter(pk=rows[0].pk).update(unread_count=2, customer_name="سارة")
    Conversation.objects.filter(pk=rows[1].pk).update(needs_attention=True, unread_count=1, status="closed")
    Conversation.objects.filter(pk=rows[2].pk).update(assigned_to=world.a.agent, is_bot_active=False)
    for query, expected in {
        "unread=true": [1, 0],
        "unread=false": [3, 2],
        "unread=True&needsPerson=false": [0],
        "needsPerson=true": [1],
        "needsPerson=true&status=active": [],
        f"assignee={agent}": [2],
        f"assignee={owner}": [],
        "assignee=none": [3, 1, 0],
        "search=ساره": [0],
        "search=55 00003": [],
        "search=0550000003": [3],
        "search=": [3, 2, 1, 0],
        "search=nobody": [],
    }.items():
        assert ids(own.get(f"{CONVERSATIONS}?{query}")) == codes([rows[n] for n in expected]), query
        assert ids(own.get(f"/api/conversations?{query}")) == codes([rows[n] for n in expected]), query


def test_the_next_page_keeps_the_filter(own: Caller, world: World) -> None:
    rows = talks(world.a, 5, unread_count=1)
    Conversation.objects.filter(pk=rows[3].pk).update(unread_count=0)
    answer = own.get(f"{CONVERSATIONS}?unread=true&limit=2")
    assert ids(answer) == codes([rows[4], rows[2]])
    assert "unread=true" in answer["Link"]
    assert ids(own.get(f"{CONVERSATIONS}?unread=true&before={rows[3].code}")) == codes([rows[2], rows[1], rows[0]])


def test_who_works_elsewhere_has_nothing_here(own: Caller, world: World) -> None:
    talks(world.b, 1, assigned_to=world.b.agent)
    [both] = talks(world.a, 1, assigned_to=world.b.agent)
    assert ids(own.get(f"{CONVERSATIONS}?assignee={member(world.b.agent)}")) == []
    assert body_of(own.get(f"{CONVERSATIONS}/{both.code}"))["assigneeId"] is None


@pytest.mark.parametrize(
    "query",
    [
        "unread=1",
        "unread=",
        "needsPerson=yes",
        "assignee=x",
        "assignee=",
        "assignee=None",
        "search=" + "x" * 101,
        "search=%00",
    ],
)
def test_a_filter_that_cannot_be_is_refused_by_name(own: Caller, query: str) -> None:
    answer = own.get(f"{CONVERSATIONS}?{query}")
    assert refusal(answer)[0] == 400
    assert list(body_of(answer)["details"]) == [query.partition("=")[0]]


def test_filters_cost_nothing_more(
    own: Caller, world: World, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    talks(world.a, 5, assigned_to=world.a.agent, is_bot_active=False)
    own.get(CONVERSATIONS)  # notes the use of the token
    for query in ("unread=false", f"assignee={member(world.a.agent)}&search=55", ""):
        with django_assert_num_queries(2):
            own.get(f"{CONVERSATIONS}?{query}")


def test_one_message_is_the_one_of_the_list(
    own: Caller, world: World, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    one, other = talks(world.a, 2)
    [said] = said_in(one, 1)
    [row] = body_of(own.get(f"{CONVERSATIONS}/{one.code}/messages"))
    with django_assert_num_queries(3):  # token, message, its media
        assert body_of(own.get(f"{CONVERSATIONS}/{one.code}/messages/{said.code}")) == row
    assert refusal(own.get(f"{CONVERSATIONS}/{other.code}/messages/{said.code}"))[0] == 404
    assert refusal(caller(world.b.restaurant).get(f"{CONVERSATIONS}/{one.code}/messages/{said.code}"))[0] == 404


def test_a_conversation_is_given_to_one_of_the_staff_and_let_go(own: Caller, world: World) -> None:
    row, agent = furnished(world.a).conversation, member(world.a.agent)
    path = f"{CONVERSATIONS}/{row.code}/assign"
    said = body_of(own.post(path, {"userId": agent}))
    assert (said["assigneeId"], said["isBotActive"], said["needsPerson"]) == (agent, False, False)
    row.refresh_from_db()
    assert row.assigned_to == world.a.agent and row.handoff_until is not None
    version = row.version
    own.post(path, {"userId": agent})
    row.refresh_from_db()
    assert row.version == version, "nothing has changed, and nothing is announced"
    said = body_of(own.post(path, {"userId": None}))
    assert (said["assigneeId"], said["isBotActive"], said["needsPerson"]) == (None, False, True)
    row.refresh_from_db()
    assert row.handoff_until is not None, "the bot is back if nobody comes"
    version = row.version
    own.post(path, {"userId": None})
    row.refresh_from_db()
    assert row.version == version


def test_only_who_works_here_is_given_anything(own: Caller, world: World) -> None:
    row = furnished(world.a).conversation
    gone = Membership.objects.get(user=world.a.agent)
    world.a.agent.is_active = False
    world.a.agent.save()
    for nobody in (member(world.b.agent), str(gone.code), str(row.code)):
        answer = own.post(f"{CONVERSATIONS}/{row.code}/assign", {"userId": nobody})
        assert refusal(answer) == (400, "userId: Nobody of this id works for this restaurant.")
    assert refusal(own.post(f"{CONVERSATIONS}/{row.code}/assign", {}))[0] == 400
    row.refresh_from_db()
    assert (row.assigned_to, row.is_bot_active) == (None, True)


def test_the_same_key_assigns_once(own: Caller, world: World) -> None:
    row = furnished(world.a).conversation
    path, body = f"{CONVERSATIONS}/{row.code}/assign", {"userId": member(world.a.agent)}
    first = own.post(path, body, Idempotency_Key="k1")
    handoff.hand_back(row, at=timezone.now())
    again = own.post(path, body, Idempotency_Key="k1")
    assert again["Idempotency-Replayed"] == "true"
    assert body_of(again) == body_of(first)
    row.refresh_from_db()
    assert row.is_bot_active


@pytest.mark.django_db(transaction=True)
def test_assigned_by_many_at_once_somebody_has_it_whole(world: World) -> None:
    row, token = furnished(world.a).conversation, caller(world.a.restaurant).token
    people = [member(world.a.agent), member(world.a.owner)]
    path = f"{CONVERSATIONS}/{row.code}/assign"
    answers = at_once(lambda n: Caller(token).post(path, {"userId": people[n % 2]}), 6)
    assert {answer.status_code for answer in answers} == {200}
    row.refresh_from_db()
    assert row.assigned_to in (world.a.agent, world.a.owner)
    assert (row.is_bot_active, row.needs_attention) == (False, False)


@pytest.mark.django_db(transaction=True)
def test_who_is_removed_at_this_moment_is_given_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    row, gone = furnished(world.a).conversation, Membership.objects.get(user=world.a.agent)
    lock = handoff._locked

    def with_a_rival(conversation: Conversation) -> Conversation:
        def remove(_: int) -> None:
            Membership.objects.filter(pk=gone.pk).delete()
            connection.close()

        locked = lock(conversation)
        at_once(remove, 1)
        return locked

    monkeypatch.setattr(handoff, "_locked", with_a_rival)
    answer = caller(world.a.restaurant).post(f"{CONVERSATIONS}/{row.code}/assign", {"userId": str(gone.code)})
    assert refusal(answer)[0] == 400
    row.refresh_from_db()
    assert (row.assigned_to, row.is_bot_active) == (None, True)


def test_what_was_let_go_comes_back_to_the_bot(own: Caller, world: World) -> None:
    row = furnished(world.a).conversation
    for who in (member(world.a.agent), None):
        own.post(f"{CONVERSATIONS}/{row.code}/assign", {"userId": who})
    assert handoff.return_overdue(timezone.now() + timedelta(days=1)) == 1
    row.refresh_from_db()
    assert row.is_bot_active


def test_restaurants_and_their_staff(
    own: Caller, world: World, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    assert ids(own.get("/api/db/restaurants")) == [str(world.a.restaurant.code)]
    everywhere = caller(None)
    assert ids(everywhere.get("/api/db/restaurants")) == codes([world.b.restaurant, world.a.restaurant])
    with django_assert_num_queries(2):
        assert len(ids(everywhere.get("/api/db/restaurants"))) == 2
    assert ids(everywhere.get("/api/db/restaurants?limit=1")) == codes([world.b.restaurant])
    assert ids(operator_for(world.a.restaurant).get("/api/db/restaurants")) == [str(world.a.restaurant.code)]
    [said] = body_of(own.get("/api/db/restaurants"))
    assert (said["name"], said["nameAr"], said["currency"]) == ("Shawarma House", "بيت الشاورما", "SAR")
    path = f"/api/db/restaurants/{world.a.restaurant.code}/staff"
    with django_assert_num_queries(2):
        staff = body_of(own.get(path))
    assert [(one["id"], one["name"], one["role"]) for one in staff] == [
        (member(world.a.agent), "agent_a", "agent"),
        (member(world.a.owner), "owner_a", "owner"),
    ]
    assert refusal(own.get(path.replace(str(world.a.restaurant.code), str(world.b.restaurant.code))))[0] == 404
