"""Pages of other origins call the API where the settings name them, with a token and never with cookies."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings as house

from tests.api_calls import Caller, caller
from tests.world import World

ALLOWED, OTHER = "https://app.example.com", "https://evil.example.com"
OURS = ("Access-Control-Allow-Origin", "Access-Control-Allow-Headers", "Access-Control-Allow-Credentials")


@pytest.fixture
def own(world: World) -> Caller:
    return caller(world.a.restaurant)


def asked_before(path: str, origin: str) -> Any:
    """As a browser asks before it calls."""
    return Caller()(
        "OPTIONS",
        path,
        Origin=origin,
        Access_Control_Request_Method="PATCH",
        Access_Control_Request_Headers="authorization,x-restaurant-id,idempotency-key",
    )


def test_it_is_off_unless_it_is_set(own: Caller) -> None:
    assert house.CORS_ALLOWED_ORIGINS == []
    answers = [own.get("/api/orders", Origin=ALLOWED), asked_before("/api/orders", ALLOWED)]
    assert not any(name in answer for answer in answers for name in OURS)


def test_an_origin_that_is_named_may_call(own: Caller, settings: Any) -> None:
    settings.CORS_ALLOWED_ORIGINS = [ALLOWED]
    for answer in (own.get("/api/orders", Origin=ALLOWED), Caller().get("/api/orders", Origin=ALLOWED)):
        assert answer["Access-Control-Allow-Origin"] == ALLOWED
        assert "Link" in answer["Access-Control-Expose-Headers"]
        assert "origin" in answer["Vary"].lower()
        assert "Access-Control-Allow-Credentials" not in answer
    before = asked_before("/api/menu/items/x", ALLOWED)
    assert (before.status_code, before["Access-Control-Allow-Origin"]) == (200, ALLOWED)
    assert "PATCH" in before["Access-Control-Allow-Methods"]
    for header in ("authorization", "x-restaurant-id", "idempotency-key", "content-type"):
        assert header in before["Access-Control-Allow-Headers"]


@pytest.mark.parametrize(
    "origin",
    [OTHER, "http://app.example.com", "https://app.example.com:444", "https://app.example.com.evil.example", "null"],
)
def test_every_other_origin_may_not(own: Caller, settings: Any, origin: str) -> None:
    settings.CORS_ALLOWED_ORIGINS = [ALLOWED]
    for answer in (own.get("/api/orders", Origin=origin), asked_before("/api/orders", origin)):
        assert not any(name in answer for name in OURS)


@pytest.mark.parametrize("path", ["/", "/inbox/", "/login/", "/admin/", "/healthz", "/webhook", "/x/api/orders"])
def test_only_the_api_is_opened(db: None, settings: Any, path: str) -> None:
    settings.CORS_ALLOWED_ORIGINS = [ALLOWED]
    for answer in (Caller().get(path, Origin=ALLOWED, Accept="text/html"), asked_before(path, ALLOWED)):
        assert not any(name in answer for name in OURS)
