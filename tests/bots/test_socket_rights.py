"""Whose right to listen ends hears nothing more, whatever way it ended."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.db import OperationalError, connection, transaction

from bots import consumers, passwords, staffing
from bots.live import announce
from bots.models import ApiToken, Membership, Restaurant, SignInSession
from bots.tokens import create_token, revoke_token
from tests.clock import NOW
from tests.lines import on_the_line, signed_in, socket
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)

SELDOM = 3600.0
SHOWN_OUT = {"type": "websocket.close", "code": 4401}


@pytest.fixture
def asked_before_frames_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumers, "ASK_AGAIN_EVERY", SELDOM)
    monkeypatch.setattr(consumers, "FRESH_FOR", 0.0)


@pytest.fixture
def asked_when_told_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumers, "ASK_AGAIN_EVERY", SELDOM)
    monkeypatch.setattr(consumers, "FRESH_FOR", SELDOM)


def dismissed(user: User) -> None:
    Membership.objects.filter(user=user).delete()


def locked_out(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def given_a_new_password(user: User) -> None:
    User.objects.filter(pk=user.pk).update(password="!")


def without_a_session(user: User) -> None:
    SignInSession.objects.all().delete()


def of_a_closed_house(user: User) -> None:
    Restaurant.objects.filter(memberships__user=user).update(is_active=False)


LOSSES = [dismissed, locked_out, given_a_new_password, without_a_session, of_a_closed_house]
Loss = Callable[[User], None]


def said_in(world: World, which: str) -> None:
    with transaction.atomic():
        announce("conversation.updated", getattr(world, which).restaurant, 7, conversationId="c")


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.usefixtures("asked_before_frames_alone")
def test_nothing_is_passed_on_before_the_right_is_asked(world: World, loss: Loss) -> None:
    """However the right went, and though nobody said so."""

    async def talk() -> None:
        async with socket(await sync_to_async(signed_in)(world.a.agent)) as line:
            await line.receive_json_from()
            await sync_to_async(loss)(world.a.agent)
            await sync_to_async(said_in)(world, "a")
            assert await line.receive_output(timeout=10) == SHOWN_OUT

    on_the_line(talk)


@pytest.mark.parametrize("loss", LOSSES)
def test_who_loses_the_right_is_shown_out_without_a_word(world: World, loss: Loss) -> None:
    """With the times as they are; where nothing is said either."""

    async def talk() -> None:
        async with socket(await sync_to_async(signed_in)(world.a.agent)) as line:
            await line.receive_json_from()
            await sync_to_async(loss)(world.a.agent)
            assert await line.receive_output(timeout=30) == SHOWN_OUT

    assert consumers.FRESH_FOR < consumers.ASK_AGAIN_EVERY < 5
    on_the_line(talk)


def removed(user: User) -> None:
    staffing.remove(Membership.objects.get(user=user), by=user)


def signed_out(user: User) -> None:
    staffing.sign_out_everywhere(user, by=user)


def with_a_new_password(user: User) -> None:
    passwords.change_password(user, "another long password")


@pytest.mark.parametrize("verb", [removed, signed_out, with_a_new_password])
@pytest.mark.usefixtures("asked_when_told_alone")
def test_the_verbs_that_end_a_right_end_it_at_once(world: World, verb: Loss) -> None:
    async def talk() -> None:
        async with socket(await sync_to_async(signed_in)(world.a.agent)) as line:
            await line.receive_json_from()
            await sync_to_async(verb)(world.a.agent)
            assert await line.receive_output(timeout=10) == SHOWN_OUT

    on_the_line(talk)


@pytest.mark.usefixtures("asked_when_told_alone")
def test_a_revoked_token_is_shown_out_at_once_and_others_stay(world: World) -> None:
    async def talk() -> None:
        row, plain = await sync_to_async(create_token)("till", world.a.restaurant, ApiToken.Scope.READ)
        other = await sync_to_async(signed_in)(world.a.agent)
        async with socket(origin=b"") as line, socket(other) as staying:
            await line.send_json_to({"type": "identify", "token": plain})
            for each in (line, staying):
                assert (await each.receive_json_from())["type"] == "ready"
            await sync_to_async(revoke_token)(row, by=None, at=NOW)
            assert await line.receive_output(timeout=10) == SHOWN_OUT
            await sync_to_async(said_in)(world, "a")
            assert (await staying.receive_json_from())["type"] == "conversation.updated"

    on_the_line(talk)


@pytest.mark.usefixtures("asked_before_frames_alone")
def test_of_two_restaurants_the_one_that_is_left_is_heard(world: World) -> None:
    Membership.objects.create(user=world.a.agent, restaurant=world.b.restaurant)

    async def talk() -> None:
        async with socket(await sync_to_async(signed_in)(world.a.agent)) as line:
            assert len((await line.receive_json_from())["data"]["restaurantIds"]) == 2
            await sync_to_async(Membership.objects.filter(restaurant=world.a.restaurant).delete)()
            await sync_to_async(said_in)(world, "a")
            await sync_to_async(said_in)(world, "b")
            heard = await line.receive_json_from()
            assert heard["data"]["restaurantId"] == str(world.b.restaurant.code)
            assert await line.receive_nothing()

    on_the_line(talk)


def test_many_frames_ask_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it costs is bounded by time, not by what is said."""
    monkeypatch.setattr(consumers, "ASK_AGAIN_EVERY", SELDOM)
    monkeypatch.setattr(consumers, "FRESH_FOR", SELDOM)
    asked: list[set[str]] = []
    ask = consumers.LiveConsumer._allowed_now

    def counted(listener: consumers.LiveConsumer) -> set[str]:
        asked.append(ask(listener))
        return asked[-1]

    monkeypatch.setattr(consumers.LiveConsumer, "_allowed_now", counted)

    async def talk() -> None:
        async with socket(await sync_to_async(signed_in)(world.a.agent)) as line:
            await line.receive_json_from()
            for _ in range(20):
                await sync_to_async(said_in)(world, "a")
            for _ in range(20):
                assert (await line.receive_json_from())["type"] == "conversation.updated"

    on_the_line(talk)
    assert len(asked) == 1


@pytest.mark.usefixtures("asked_before_frames_alone")
def test_where_the_right_cannot_be_asked_nothing_is_heard(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(_: object) -> set[str]:
        raise OperationalError

    async def talk() -> None:
        async with socket(await sync_to_async(signed_in)(world.a.agent)) as line:
            await line.receive_json_from()
            monkeypatch.setattr(consumers.LiveConsumer, "_allowed_now", gone)
            await sync_to_async(said_in)(world, "a")
            assert await line.receive_output(timeout=10) == {"type": "websocket.close", "code": 1011}

    on_the_line(talk)


def test_a_verb_that_is_rolled_back_asks_nobody(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    monkeypatch.setattr("bots.live._send", lambda group, event: sent.append(group))
    last_owner = Membership.objects.get(user=world.a.owner)
    with pytest.raises(staffing.StaffingRefused):
        staffing.remove(last_owner, by=world.a.owner)
    assert (sent, connection.in_atomic_block) == ([], False)
