"""The socket `/ws`: who may come in, what is heard, and who must go again."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from asgiref.sync import sync_to_async
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.db import OperationalError, transaction
from django.utils import timezone

from bots import consumers
from bots.live import announce
from bots.models import ApiToken, Membership
from bots.tokens import create_token, revoke_token
from bots.versions import version_at
from conversations.handoff import take_over
from tests.clock import NOW
from tests.lines import on_the_line, signed_in, socket
from tests.sessions_state.customers import Customer
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)


async def shout(world: World, which: str) -> None:
    def say() -> None:
        with transaction.atomic():
            announce("conversation.updated", getattr(world, which).restaurant, 7, conversationId="c")

    await sync_to_async(say)()


def test_staff_hear_their_own_restaurant_and_no_other(world: World) -> None:
    async def talk() -> None:
        async with socket(await sync_to_async(signed_in)(world.a.agent)) as line:
            ready = await line.receive_json_from()
            place = ready["data"].pop("version")
            assert ready == {"type": "ready", "data": {"restaurantIds": [str(world.a.restaurant.code)]}}
            assert 0 <= version_at(timezone.now()) - place < 10_000
            await shout(world, "b")
            await shout(world, "a")
            assert await line.receive_json_from() == {
                "type": "conversation.updated",
                "data": {"restaurantId": str(world.a.restaurant.code), "version": 7, "conversationId": "c"},
            }
            assert await line.receive_nothing()

    on_the_line(talk)


@pytest.mark.parametrize("who", ["stranger", "operator"])
def test_who_works_nowhere_hears_nothing(world: World, who: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumers, "IDENTIFY_WITHIN", 0.01)

    async def talk() -> None:
        async with socket(await sync_to_async(signed_in)(getattr(world, who))) as line:
            assert await line.receive_output() == {"type": "websocket.close", "code": 4401}

    on_the_line(talk)


def test_another_sites_page_cannot_use_the_session(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumers, "IDENTIFY_WITHIN", 0.01)

    async def talk() -> None:
        async with socket(await sync_to_async(signed_in)(world.a.agent), origin=b"https://evil.example") as line:
            assert await line.receive_output() == {"type": "websocket.close", "code": 4401}

    on_the_line(talk)


@pytest.mark.parametrize("own", [True, False])
def test_a_token_listens_for_its_restaurant_alone(world: World, own: bool) -> None:
    async def talk() -> None:
        _, plain = await sync_to_async(create_token)("till", world.a.restaurant, ApiToken.Scope.READ)
        async with socket(origin=b"") as line:
            await line.send_json_to({"type": "identify", "token": plain})
            assert (await line.receive_json_from())["type"] == "ready"
            await shout(world, "a" if own else "b")
            if own:
                assert (await line.receive_json_from())["type"] == "conversation.updated"
            else:
                assert await line.receive_nothing()

    on_the_line(talk)


def test_the_operators_token_hears_all(world: World, settings: LazySettings) -> None:
    settings.DASHBOARD_PAT = "a-long-fixed-token"

    async def talk() -> None:
        async with socket(origin=b"") as line:
            await line.send_json_to({"type": "identify", "token": "a-long-fixed-token"})
            ready = await line.receive_json_from()
            assert len(ready["data"]["restaurantIds"]) == 2

    on_the_line(talk)


@pytest.mark.parametrize("token", ["", "wrong", "sfr_" + "x" * 40])
def test_a_wrong_token_is_shown_out(world: World, token: str) -> None:
    async def talk() -> None:
        async with socket(origin=b"") as line:
            await line.send_json_to({"type": "identify", "token": token})
            assert await line.receive_output() == {"type": "websocket.close", "code": 4401}

    on_the_line(talk)


DIGITS = "9" * 5000  # Python refuses to make a number of them
NO_FRAMES = [" ", "{", "[]", '"text"', "\x00", "[" * 100_000, DIGITS, f'{{"type": "resume", "since": {DIGITS}}}']


@pytest.mark.parametrize("frame", NO_FRAMES, ids=range(len(NO_FRAMES)))
def test_a_broken_frame_is_shown_out(world: World, frame: str) -> None:
    async def talk() -> None:
        async with socket(origin=b"") as line:
            await line.send_to(text_data=frame)
            assert await line.receive_output() == {"type": "websocket.close", "code": 4400}

    on_the_line(talk)


def test_nobody_identifies_twice(world: World) -> None:
    async def talk() -> None:
        _, plain = await sync_to_async(create_token)("till", world.a.restaurant, ApiToken.Scope.READ)
        async with socket(origin=b"") as line:
            for _ in range(2):
                await line.send_json_to({"type": "identify", "token": plain})
            assert (await line.receive_json_from())["type"] == "ready"
            assert await line.receive_output() == {"type": "websocket.close", "code": 4400}

    on_the_line(talk)


def test_a_page_may_go_on_with_a_token(world: World, settings: LazySettings) -> None:
    """Then the token says what is heard."""

    async def talk() -> None:
        _, plain = await sync_to_async(create_token)("till", world.b.restaurant, ApiToken.Scope.READ)
        async with socket(await sync_to_async(signed_in)(world.a.agent)) as line:
            assert (await line.receive_json_from())["data"]["restaurantIds"] == [str(world.a.restaurant.code)]
            await line.send_json_to({"type": "identify", "token": plain})
            await line.send_json_to({"type": "ping"})
            while (await line.receive_json_from())["type"] != "pong":
                pass
            await shout(world, "a")
            await shout(world, "b")
            heard = await line.receive_json_from()
            assert heard["data"]["restaurantId"] == str(world.b.restaurant.code)

    on_the_line(talk)


def dismissed(user: User) -> None:
    Membership.objects.filter(user=user).delete()


def locked_out(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


@pytest.mark.parametrize("loss", [dismissed, locked_out])
def test_who_loses_the_right_must_go(
    world: World, monkeypatch: pytest.MonkeyPatch, loss: Callable[[User], None]
) -> None:
    monkeypatch.setattr(consumers, "ASK_AGAIN_EVERY", 0.05)

    async def talk() -> None:
        async with socket(await sync_to_async(signed_in)(world.a.agent)) as line:
            await line.receive_json_from()
            await sync_to_async(loss)(world.a.agent)
            assert await line.receive_output(timeout=10) == {"type": "websocket.close", "code": 4401}

    on_the_line(talk)


def test_who_signs_out_must_go(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumers, "ASK_AGAIN_EVERY", 0.05)

    async def talk() -> None:
        client = await sync_to_async(signed_in)(world.a.agent)
        async with socket(client) as line:
            await line.receive_json_from()
            await sync_to_async(client.logout)()
            assert await line.receive_output(timeout=10) == {"type": "websocket.close", "code": 4401}

    on_the_line(talk)


def test_where_the_right_cannot_be_asked_the_listener_must_come_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "ASK_AGAIN_EVERY", 0.05)

    def gone(_: object) -> set[str]:
        raise OperationalError

    async def talk() -> None:
        async with socket(await sync_to_async(signed_in)(world.a.agent)) as line:
            await line.receive_json_from()
            monkeypatch.setattr(consumers.LiveConsumer, "_allowed_now", gone)
            assert await line.receive_output(timeout=10) == {"type": "websocket.close", "code": 1011}

    on_the_line(talk)


def test_a_revoked_token_must_go(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumers, "ASK_AGAIN_EVERY", 0.05)

    async def talk() -> None:
        row, plain = await sync_to_async(create_token)("till", world.a.restaurant, ApiToken.Scope.READ)
        async with socket(origin=b"") as line:
            await line.send_json_to({"type": "identify", "token": plain})
            assert (await line.receive_json_from())["type"] == "ready"
            await sync_to_async(revoke_token)(row, by=None, at=NOW)
            assert await line.receive_output(timeout=10) == {"type": "websocket.close", "code": 4401}

    on_the_line(talk)


def test_what_is_rolled_back_is_not_announced(world: World) -> None:
    def roll_back() -> None:
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            announce("conversation.updated", world.a.restaurant, 7)
            raise ZeroDivisionError

    async def talk() -> None:
        async with socket(await sync_to_async(signed_in)(world.a.agent)) as line:
            await line.receive_json_from()
            await sync_to_async(roll_back)()
            assert await line.receive_nothing()

    on_the_line(talk)


def test_a_customers_message_and_a_take_over_are_heard(world: World) -> None:
    def write() -> None:
        customer = Customer(world.a.bot)
        customer.sends("السلام عليكم")
        take_over(customer.conversation, world.a.agent, at=NOW)

    async def talk() -> None:
        async with socket(await sync_to_async(signed_in)(world.a.agent)) as line:
            await line.receive_json_from()
            await sync_to_async(write)()
            heard = [await line.receive_json_from(), await line.receive_json_from()]
            assert [frame["type"] for frame in heard] == ["message.created", "conversation.updated"]
            assert heard[0]["data"]["version"] < heard[1]["data"]["version"]

    on_the_line(talk)


def test_a_dead_channel_layer_stops_nobody(
    world: World, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Dead:
        async def group_send(self, *_: object) -> None:
            raise ConnectionError

    monkeypatch.setattr("bots.live.get_channel_layer", Dead)
    assert Customer(world.a.bot).says("السلام عليكم")
