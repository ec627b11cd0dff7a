"""Another system's part in the tests: calls the REST API with a token."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Barrier
from typing import Any, TypeVar

from django.db import connection
from django.http import HttpResponse
from django.test import Client

from bots.models import ApiToken, Restaurant
from bots.tokens import create_token

T = TypeVar("T")
JSON = "application/json"


@dataclass(frozen=True)
class Caller:
    """Sends this token, and names this restaurant, with every call."""

    token: str = ""
    restaurant: str = ""
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def __call__(self, method: str, path: str, body: Any = None, *, raw: Any = None, **headers: str) -> HttpResponse:
        """Header names are written with underscores. `raw` is sent as it is, as JSON unless `content_type` differs."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        kind = sent.pop("content-type", JSON)
        if self.token:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        if self.restaurant:
            sent.setdefault("X-Restaurant-Id", self.restaurant)
        data = json.dumps(body) if raw is None and body is not None else raw or ""
        answer: HttpResponse = self.client.generic(  # type: ignore[assignment]
            method, path, data, content_type=kind if data else "", headers=sent
        )
        return answer

    def get(self, path: str, **headers: str) -> HttpResponse:
        return self("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> HttpResponse:
        return self("POST", path, body, **headers)


def caller(restaurant: Restaurant | None, scope: str = ApiToken.Scope.WRITE) -> Caller:
    """With a fresh token: the restaurant's own, or an operator's that names nobody."""
    _, plain = create_token("test", restaurant, scope)
    return Caller(plain)


def operator_for(restaurant: Restaurant) -> Caller:
    return Caller(caller(None).token, str(restaurant.code))


def body_of(answer: HttpResponse) -> Any:
    return json.loads(answer.content)


def refusal(answer: HttpResponse) -> tuple[int, str]:
    """(status, sentence) of a refusal, whose shape is checked."""
    said = body_of(answer)
    assert set(said) == {"error", "details"}, said
    assert said["error"] and isinstance(said["error"], str)
    assert all(isinstance(texts, list) and texts for texts in said["details"].values())
    return answer.status_code, said["error"]


def at_once(act: Callable[[int], T], times: int) -> list[T]:
    """Calls `act(0)` to `act(times - 1)` in as many threads, all through one gate. Needs a transactional test."""
    gate = Barrier(times)

    def run(number: int) -> T:
        try:
            gate.wait(timeout=20)
            return act(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(run, range(times)))
