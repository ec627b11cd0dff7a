"""The socket `/ws` inside the test's own process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from asgiref.sync import async_to_sync
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import AbstractBaseUser
from django.test import Client

from sufrah.asgi import application

ORIGIN = b"http://localhost:8000"
HOST = b"localhost:8000"
Frame = dict[str, Any]
ENDS = ("resumed", "refetch")


def signed_in(user: AbstractBaseUser) -> Client:
    client = Client()
    client.force_login(user)  # type: ignore[arg-type]
    return client


@asynccontextmanager
async def socket(client: Client | None = None, origin: bytes = ORIGIN, path: str = "/ws") -> AsyncIterator[Any]:
    cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in (client.cookies if client else {}).items())
    headers = [(b"host", HOST), (b"origin", origin), (b"cookie", cookie.encode())]
    line = WebsocketCommunicator(application, path, headers=headers)
    connected, _ = await line.connect()
    assert connected
    try:
        yield line
    finally:
        await line.disconnect()


async def caught_up(line: Any) -> list[Frame]:
    """All frames up to the one that ends the answer to a resume."""
    frames: list[Frame] = []
    while not frames or frames[-1]["type"] not in ENDS:
        frames.append(await line.receive_json_from(timeout=5))
    return frames


def on_the_line(talk: Callable[..., Any], *args: Any) -> Any:
    return async_to_sync(talk)(*args)
