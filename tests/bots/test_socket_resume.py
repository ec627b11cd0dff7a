"""Resuming on the socket after a gap: what was missed arrives, or the listener is told to fetch again."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.conf import LazySettings
from django.utils import timezone

from bots import consumers, missed
from bots.live import Announcement
from bots.models import ApiToken, Bot
from bots.tokens import create_token
from bots.versions import version_at
from conversations.handoff import take_over
from conversations.models import Conversation, Message
from orders.models import Order
from orders.placing import advance
from tests.inbox import make_conversation, make_inbound
from tests.lines import Frame, caught_up, on_the_line, signed_in, socket
from tests.sessions_state.customers import Customer
from tests.sessions_state.test_turns import order_by_numbers
from tests.world import House, World

pytestmark = pytest.mark.django_db(transaction=True)

MINUTE, DAY = 60_000, 86_400_000


def now() -> int:
    return version_at(timezone.now())


def customer_of(house: House, address: str = "+966550000201") -> Customer:
    return Customer(house.bot, address, at=timezone.now())


def token_of(house: House | None) -> str:
    return create_token("till", house.restaurant if house else None, ApiToken.Scope.READ)[1]


def resumed_by(token: str, since: int) -> list[Frame]:
    """Ready, what was missed, and the end."""

    async def talk() -> list[Frame]:
        async with socket(origin=b"") as line:
            await line.send_json_to({"type": "identify", "token": token, "since": since})
            ready = await line.receive_json_from()
            return [ready, *await caught_up(line)]

    frames: list[Frame] = on_the_line(talk)
    return frames


def kinds(frames: list[Frame]) -> list[str]:
    return [frame["type"] for frame in frames]


def an_order_and_all_around_it(house: House) -> None:
    customer = customer_of(house)
    order_by_numbers(customer)
    customer.says("1")
    order = Order.objects.get(restaurant=house.restaurant)
    advance(order, "accepted", house.owner, at=timezone.now())
    take_over(customer.conversation, house.agent, at=timezone.now())


def row_of(frame: Frame) -> tuple[str, ...]:
    """A message, a conversation, an order or a sender: its kind and ids."""
    ids = (f"{name}={code}" for name, code in frame["data"].items() if name != "version")
    return (frame["type"].partition(".")[0], *sorted(ids))


def test_who_comes_back_gets_what_a_colleague_heard(world: World) -> None:
    """The last word on every row, with the ids and the version of the live frame, the oldest first."""

    async def talk() -> None:
        token = await sync_to_async(token_of)(world.a)
        async with socket(await sync_to_async(signed_in)(world.a.agent)) as colleague:
            since = (await colleague.receive_json_from())["data"]["version"]
            await sync_to_async(an_order_and_all_around_it)(world.a)
            heard: dict[tuple[str, ...], int] = {}
            while not await colleague.receive_nothing(timeout=1.5):
                frame = await colleague.receive_json_from()
                heard[row_of(frame)] = max(heard.get(row_of(frame), 0), frame["data"]["version"])
        async with socket(origin=b"") as line:
            await line.send_json_to({"type": "identify", "token": token, "since": since})
            assert (await line.receive_json_from())["type"] == "ready"
            *frames, end = await caught_up(line)
        told = {row_of(frame): frame["data"]["version"] for frame in frames}
        assert len(told) == len(frames), "every row once"
        senders = {row for row in told if row[0] == "bot"}
        assert {row: told[row] for row in heard} == heard
        assert set(told) == set(heard) | senders
        assert {row[0] for row in heard} == {"message", "conversation", "order"}
        versions = [frame["data"]["version"] for frame in frames]
        assert versions == sorted(versions)
        assert end["type"] == "resumed"
        assert end["data"]["restaurantIds"] == [str(world.a.restaurant.code)]
        assert end["data"]["version"] >= versions[-1]

    on_the_line(talk)


def test_new_rows_are_created_and_old_ones_updated(world: World) -> None:
    conversation = make_conversation(world.a)
    old, new = make_inbound(conversation, "old"), make_inbound(conversation, "new")
    Message.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(hours=1), version=now())
    Message.objects.filter(pk=new.pk).update(version=now())
    Bot.objects.filter(pk=world.a.bot.pk).update(updated_at=timezone.now() - timedelta(hours=2))
    _, first, second, end = resumed_by(token_of(world.a), now() - MINUTE)
    ids = {"restaurantId": str(world.a.restaurant.code), "conversationId": str(conversation.code)}
    assert (first["type"], first["data"].pop("version") > 0) == ("message.updated", True)
    assert first["data"] == {**ids, "messageId": str(old.code)}
    assert (second["type"], second["data"]["messageId"]) == ("message.created", str(new.code))
    assert end["type"] == "resumed"


def test_a_sender_is_among_it(world: World) -> None:
    [_, frame, end] = resumed_by(token_of(world.a), now())
    assert (frame["type"], frame["data"]["botId"]) == ("bot.status", str(world.a.bot.code))
    assert end["type"] == "resumed"


@pytest.mark.parametrize(("ago", "is_told"), [(0, True), (59, True), (70, False)])
def test_the_minute_before_is_told_again(world: World, ago: int, is_told: bool) -> None:
    """A change may be committed some time after it took its version."""
    since = now()
    customer = customer_of(world.a)
    customer.sends("late")
    Message.objects.update(version=since - ago * 1000)
    assert ("message.created" in kinds(resumed_by(token_of(world.a), since))) is is_told


@pytest.mark.parametrize("since", [0, 1, -5, -(10**30), 10**30, "a day ago", "in two minutes"])
def test_what_is_too_long_ago_or_still_to_come_must_be_fetched_again(world: World, since: int | str) -> None:
    customer_of(world.a).sends("hello")
    named = {"a day ago": now() - DAY - 1000, "in two minutes": now() + 2 * MINUTE}
    ready, end = resumed_by(token_of(world.a), named.get(str(since), since))  # type: ignore[arg-type]
    assert (ready["type"], end["type"]) == ("ready", "refetch")
    assert end["data"]["restaurantIds"] == [str(world.a.restaurant.code)]
    assert abs(end["data"]["version"] - now()) < 10_000


@pytest.mark.parametrize(("most", "end"), [(4, "resumed"), (3, "refetch"), (1, "refetch"), (0, "refetch")])
def test_too_much_must_be_fetched_again(world: World, most: int, end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sender, a conversation and two messages."""
    customer = customer_of(world.a)
    customer.sends("one")
    customer.sends("two")
    monkeypatch.setattr(missed, "MOST", most)
    frames = resumed_by(token_of(world.a), now())
    assert kinds(frames)[-1] == end
    assert len(frames) == (6 if end == "resumed" else 2), "all of it or nothing"


@pytest.mark.parametrize("kind", ["identify", "resume"])
@pytest.mark.parametrize("since", ["true", "1.0", "1.5", "1e3", '"1"', "null", "NaN", "[]", "{}"])
def test_a_place_is_a_whole_number(world: World, kind: str, since: str) -> None:
    token = token_of(world.a)

    async def talk() -> None:
        async with socket(origin=b"") as line:
            await line.send_to(text_data=f'{{"type": "{kind}", "token": "{token}", "since": {since}}}')
            assert await line.receive_output() == {"type": "websocket.close", "code": 4400}

    on_the_line(talk)


@pytest.mark.parametrize(("frame", "code"), [({"type": "resume"}, 4400), ({"type": "resume", "since": 1}, 4401)])
def test_a_stranger_does_not_resume(world: World, frame: Frame, code: int) -> None:
    async def talk() -> None:
        async with socket(origin=b"") as line:
            await line.send_json_to(frame)
            assert await line.receive_output() == {"type": "websocket.close", "code": code}

    on_the_line(talk)


def test_a_page_resumes_once_it_listens_but_not_in_a_loop(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second within a second is told to fetch again, and asks the database nothing."""
    conversation = make_conversation(world.a)
    Conversation.objects.update(version=now())
    asked: list[int] = []

    def counted(rooms: Any, codes: Any, since: int, at: Any) -> list[Announcement] | None:
        asked.append(since)
        return missed.catch_up(rooms, codes, since, at)

    monkeypatch.setattr(consumers, "catch_up", counted)

    async def talk() -> None:
        client = await sync_to_async(signed_in)(world.a.agent)
        async with socket(client) as line:
            since = (await line.receive_json_from())["data"]["version"]
            for _ in range(3):
                await line.send_json_to({"type": "resume", "since": since})
            first = await caught_up(line)
            assert str(conversation.code) in json.dumps(first)
            assert kinds(first)[-1] == "resumed"
            for _ in range(2):
                assert kinds(await caught_up(line)) == ["refetch"]
            assert len(asked) == 1
            monkeypatch.setattr(consumers, "RESUME_EVERY", 0.0)
            await line.send_json_to({"type": "resume", "since": since})
            assert kinds(await caught_up(line))[-1] == "resumed"

    on_the_line(talk)


def revoked_unsaid(token: ApiToken) -> None:
    ApiToken.objects.filter(pk=token.pk).update(revoked_at=timezone.now())


def test_who_has_lost_the_right_does_not_resume(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also within the moments in which the last answer still holds for frames."""
    monkeypatch.setattr(consumers, "ASK_AGAIN_EVERY", 3600.0)
    monkeypatch.setattr(consumers, "FRESH_FOR", 3600.0)
    row, token = create_token("till", world.a.restaurant, ApiToken.Scope.READ)

    async def talk() -> None:
        async with socket(origin=b"") as line:
            await line.send_json_to({"type": "identify", "token": token})
            since = (await line.receive_json_from())["data"]["version"]
            await sync_to_async(revoked_unsaid)(row)
            await sync_to_async(customer_of(world.a).sends)("not for you")
            assert (await line.receive_json_from())["type"] == "message.created"
            await line.send_json_to({"type": "resume", "since": since})
            assert await line.receive_output() == {"type": "websocket.close", "code": 4401}

    on_the_line(talk)


def test_each_gets_its_own_restaurant_and_the_operator_all(world: World, settings: LazySettings) -> None:
    settings.DASHBOARD_PAT = "a-long-fixed-token"
    customer_of(world.a).sends("to a")
    customer_of(world.b).sends("to b")
    of = {name: str(getattr(world, name).restaurant.code) for name in "ab"}
    for token, houses in (
        (token_of(world.a), [of["a"]]),
        (token_of(world.b), [of["b"]]),
        (token_of(None), [*of.values()]),
        ("a-long-fixed-token", [*of.values()]),
    ):
        *frames, end = resumed_by(token, now())
        assert end["data"]["restaurantIds"] == sorted(houses)
        assert {frame["data"]["restaurantId"] for frame in frames[1:]} == set(houses)
        assert kinds(frames).count("message.created") == len(houses)


@pytest.mark.parametrize("moment", ["before the read", "after the read"])
def test_a_rival_commit_while_the_listener_resumes_is_not_lost(
    world: World, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The groups are joined, the read is under way: what is committed before it is read, what is after it is heard."""
    token, said = token_of(world.a), list[str]()

    def with_a_rival(rooms: Any, codes: Any, since: int, at: Any) -> list[Announcement] | None:
        if moment == "before the read":
            said.append(str(customer_of(world.a).sends("just now").code))
        found = missed.catch_up(rooms, codes, since, at)
        if moment == "after the read":
            said.append(str(customer_of(world.a).sends("just now").code))
        return found

    monkeypatch.setattr(consumers, "catch_up", with_a_rival)

    async def talk() -> None:
        async with socket(origin=b"") as line:
            await line.send_json_to({"type": "identify", "token": token, "since": now()})
            assert (await line.receive_json_from())["type"] == "ready"
            frames = await caught_up(line)
            live = await line.receive_json_from()
            assert live["data"]["messageId"] == said[0]
            is_read = said[0] in [frame["data"].get("messageId") for frame in frames]
            assert is_read is (moment == "before the read")

    on_the_line(talk)
