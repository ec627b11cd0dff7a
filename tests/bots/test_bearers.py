"""Unknown tokens are counted by address: who guesses is asked to wait, and nobody else is."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from channels.testing import WebsocketCommunicator
from django.conf import LazySettings
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bots.tokens import create_token, revoke_token
from sufrah.asgi import application
from tests.api_calls import Caller, caller, refusal
from tests.clock import NOW as DAY
from tests.lines import on_the_line
from tests.processes import free_port
from tests.world import World

NOW = 999_999_970.0  # 50 seconds before its minute ends
LIMIT = 3
HERE, THERE = "198.51.100.7", "198.51.100.8"
GUESS = "sfr_a-guess-that-nobody-may-read"
SHOWN_OUT = {"type": "websocket.close", "code": 4401}


@pytest.fixture(autouse=True)
def a_small_limit(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.FAILED_BEARERS_PER_MINUTE = LIMIT
    at(monkeypatch, NOW)


def at(monkeypatch: pytest.MonkeyPatch, moment: float) -> None:
    monkeypatch.setattr("bots.rest.bearers.time.time", lambda: moment)


def asked(token: str, address: str = HERE, **headers: str) -> HttpResponse:
    client = Client(raise_request_exception=False, REMOTE_ADDR=address)
    return Caller(token, client=client).get("/api/menu", **headers)


def guessed(times: int = LIMIT, address: str = HERE, **headers: str) -> list[int]:
    return [asked(GUESS, address, **headers).status_code for _ in range(times)]


def test_who_guesses_is_asked_to_wait_before_a_token_is_looked_up(world: World) -> None:
    assert guessed() == [401] * LIMIT
    with CaptureQueriesContext(connection) as asked_for:
        answer = asked(GUESS)
    assert refusal(answer) == (
        429,
        "Too many unknown tokens came from this address. Expected available in 50 seconds.",
    )
    assert answer["Retry-After"] == "50"
    assert not [query for query in asked_for.captured_queries if "apitoken" in query["sql"]]


def test_a_good_token_waits_there_too_and_passes_elsewhere(world: World, settings: LazySettings) -> None:
    """Or the answer would tell a guesser that a guess was right. The fixed token is no exception."""
    till = caller(world.a.restaurant)
    settings.DASHBOARD_PAT = "a-fixed-token-of-an-operator-1234"
    guessed()
    assert asked(till.token).status_code == 429
    assert asked(settings.DASHBOARD_PAT).status_code == 429
    assert asked(till.token, THERE).status_code == 200
    assert guessed(1, THERE) == [401]


def test_good_tokens_and_calls_without_one_are_not_counted(world: World) -> None:
    till = caller(world.a.restaurant)
    assert {asked(till.token).status_code for _ in range(3 * LIMIT)} == {200}
    assert {asked("").status_code for _ in range(3 * LIMIT)} == {401}
    assert guessed() == [401] * LIMIT


def test_a_revoked_token_is_an_unknown_one(world: World) -> None:
    row, plain = create_token("old", world.a.restaurant, "read")
    revoke_token(row, by=None, at=DAY)
    assert [asked(plain).status_code for _ in range(LIMIT + 1)] == [401] * LIMIT + [429]


def test_after_the_minute_the_address_is_let_in_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    till = caller(world.a.restaurant)
    guessed()
    at(monkeypatch, NOW + 49)
    assert asked(till.token)["Retry-After"] == "1"
    at(monkeypatch, NOW + 50)
    assert asked(till.token).status_code == 200
    assert guessed(LIMIT + 1) == [401] * LIMIT + [429]


def test_one_64_of_ipv6_is_one_address(world: World) -> None:
    assert [guessed(1, f"2001:db8:0:7::{n}")[0] for n in range(1, LIMIT + 2)] == [401] * LIMIT + [429]
    assert guessed(1, "2001:db8:0:8::1") == [401]


def test_behind_a_proxy_the_address_is_the_one_that_it_saw(world: World, settings: LazySettings) -> None:
    settings.TRUSTED_PROXIES = 1
    assert guessed(LIMIT + 1, x_forwarded_for=f"1.1.1.1, {HERE}")[-1] == 429
    assert guessed(1, x_forwarded_for=f"1.1.1.1, {THERE}") == [401]
    settings.TRUSTED_PROXIES = 0
    assert [guessed(1, THERE, x_forwarded_for=f"1.1.1.{n}")[0] for n in range(LIMIT + 1)][-1] == 429


def test_no_line_quotes_the_token(world: World, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        guessed(LIMIT + 1)
    assert len([row for row in caplog.records if row.name == "sufrah.request_lines"]) == LIMIT + 1
    assert GUESS not in "".join(f"{row.getMessage()} {vars(row)}" for row in caplog.records)


def test_while_redis_is_away_nobody_waits(world: World, settings: Any) -> None:
    till, backend = caller(world.a.restaurant), "django.core.cache.backends.redis.RedisCache"
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": f"redis://127.0.0.1:{free_port()}/0"}}
    assert guessed(3 * LIMIT) == [401] * 3 * LIMIT
    assert asked(till.token).status_code == 200


async def identified(token: str, address: str, headers: list[tuple[bytes, bytes]]) -> Any:
    """The first thing that the socket says to who came from this address."""
    line = WebsocketCommunicator(application, "/ws", headers=[(b"host", b"localhost:8000"), *headers])
    line.scope["client"] = (address, 50_000)
    assert (await line.connect())[0]
    try:
        await line.send_json_to({"type": "identify", "token": token})
        said = await line.receive_output(timeout=10)
        return said if said["type"] == "websocket.close" else "let in"
    finally:
        await line.disconnect()


def on_socket(token: str, address: str = HERE, headers: list[tuple[bytes, bytes]] | None = None) -> Any:
    said = on_the_line(identified, token, address, headers or [])
    return said if said == "let in" else {name: said[name] for name in SHOWN_OUT}


@pytest.mark.django_db(transaction=True)
def test_the_socket_counts_and_refuses_as_the_api_does(world: World) -> None:
    till = caller(world.a.restaurant)
    assert [on_socket(till.token) for _ in range(2 * LIMIT)] == ["let in"] * 2 * LIMIT
    assert [on_socket(GUESS) for _ in range(LIMIT)] == [SHOWN_OUT] * LIMIT
    assert asked(till.token).status_code == 429
    assert on_socket(till.token) == SHOWN_OUT
    assert on_socket(till.token, THERE) == "let in"


@pytest.mark.django_db(transaction=True)
def test_a_good_token_of_a_closed_restaurant_is_no_guess(world: World) -> None:
    till = caller(world.a.restaurant)
    world.a.restaurant.is_active = False
    world.a.restaurant.save()
    assert [on_socket(till.token) for _ in range(2 * LIMIT)] == [SHOWN_OUT] * 2 * LIMIT
    assert guessed(1) == [401]


@pytest.mark.django_db(transaction=True)
def test_the_socket_behind_a_proxy(world: World, settings: LazySettings) -> None:
    settings.TRUSTED_PROXIES = 1
    till = caller(world.a.restaurant)
    guessed(x_forwarded_for=HERE)
    seen = [(b"x-forwarded-for", b"1.1.1.1"), (b"x-forwarded-for", HERE.encode())]
    assert on_socket(till.token, "10.0.0.1", seen) == SHOWN_OUT
    assert on_socket(till.token, "10.0.0.1", [(b"x-forwarded-for", THERE.encode())]) == "let in"
