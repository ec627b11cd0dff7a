"""Calls are counted together by all processes that share Redis, and nobody is shut out when Redis is gone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache.backends.redis import RedisCache
from redis import Redis
from redis.exceptions import ConnectionError as NotThere

from bots.rest.counting import MINUTE
from tests.api_calls import caller
from tests.processes import free_port, redis_server
from tests.world import World

NOW = 1_000_000_010.0


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    server, url = redis_server(tmp_path)
    while True:
        try:
            Redis.from_url(url).ping()
            break
        except NotThere:
            time.sleep(0.01)
    yield url
    server.kill()
    server.wait()


def cache_at(url: str) -> dict[str, Any]:
    backend = "django.core.cache.backends.redis.RedisCache"
    return {"default": {"BACKEND": backend, "LOCATION": url, "KEY_PREFIX": "sufrah"}}


@pytest.mark.redis
def test_processes_count_together(world: World, settings: Any, monkeypatch: pytest.MonkeyPatch, redis_url: str) -> None:
    settings.API_CALLS_PER_MINUTE, settings.CACHES = 3, cache_at(redis_url)
    monkeypatch.setattr("bots.rest.throttling.time.time", lambda: NOW)
    till = caller(world.a.restaurant)
    assert till.get("/api/menu")["X-RateLimit-Remaining"] == "2"
    another = RedisCache(redis_url, {"KEY_PREFIX": "sufrah"})
    [key] = [name.decode().split(":", 2)[2] for name in Redis.from_url(redis_url).keys("*")]  # type: ignore[union-attr]
    assert key.endswith(f":{int(NOW) // MINUTE}")
    another.incr(key)
    assert till.get("/api/menu")["X-RateLimit-Remaining"] == "0"
    assert till.get("/api/menu").status_code == 429


def test_without_its_redis_calls_are_let_in(world: World, settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    settings.CACHES = cache_at(f"redis://127.0.0.1:{free_port()}/0")
    answer = caller(world.a.restaurant).get("/api/menu")
    assert (answer.status_code, answer["X-RateLimit-Remaining"]) == (200, "5999")
    assert "An API call was not counted" in caplog.text
