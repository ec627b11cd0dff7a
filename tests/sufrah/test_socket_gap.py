"""The web process is killed again and again while customers write: a listener who resumes hears of every message."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.error import HTTPError, URLError

import pytest
from django.db import connections
from django.utils import timezone
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from bots.models import ApiToken
from bots.tokens import create_token
from conversations.models import Message
from tests.browser.conftest import Site, own_settings, site
from tests.processes import answers
from tests.sessions_state.customers import Customer
from tests.world import World

__all__ = ["own_settings", "site"]
pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True)]

Frame = dict[str, Any]


class Listener:
    """Another system: it keeps the highest version that it saw, and comes back with it."""

    def __init__(self, site: Site, token: str) -> None:
        self.address = site.url.replace("http", "ws") + "/ws"
        self.token = token
        self.place: int | None = None
        self.heard: list[Frame] = []

    @contextmanager
    def coming(self) -> Iterator[ClientConnection]:
        since = {} if self.place is None else {"since": self.place}
        with connect(self.address, proxy=None) as line:
            line.send(json.dumps({"type": "identify", "token": self.token, **since}))
            yield line

    def hear(self, line: ClientConnection, patience: float = 10.0) -> Frame:
        frame: Frame = json.loads(line.recv(timeout=patience))
        self.place = max(self.place or 0, frame["data"]["version"])
        self.heard.append(frame)
        return frame

    def hear_until(self, line: ClientConnection, kind: str) -> None:
        while self.hear(line)["type"] != kind:
            pass

    @property
    def messages(self) -> set[str]:
        return {frame["data"]["messageId"] for frame in self.heard if frame["type"] == "message.created"}


@pytest.fixture
def listener(site: Site, world: World) -> Listener:
    if not answers(f"{site.url}/healthz"):
        site.start()
    return Listener(site, create_token("till", world.a.restaurant, ApiToken.Scope.READ)[1])


def test_what_came_while_the_web_process_was_dead_is_told(listener: Listener, site: Site, world: World) -> None:
    with listener.coming() as line:
        listener.hear_until(line, "ready")
        site.customer_writes(world.a.bot, "one")
        listener.hear_until(line, "message.created")
        site.process.kill()
        hear_to_the_end(listener, line)
    missed = Customer(world.a.bot, at=timezone.now()).sends("nobody listens")
    Customer(world.b.bot, at=timezone.now()).sends("not for this listener")
    site.start()
    listener.heard.clear()
    with listener.coming() as line:
        listener.hear_until(line, "resumed")
        assert str(missed.code) in listener.messages
        assert {code for frame in listener.heard for code in restaurants(frame)} == {str(world.a.restaurant.code)}
        site.customer_writes(world.a.bot, "three")
        listener.hear_until(line, "message.created")


def hear_to_the_end(listener: Listener, line: ClientConnection) -> None:
    with pytest.raises(ConnectionClosed):
        while True:
            listener.hear(line)


def restaurants(frame: Frame) -> list[str]:
    data = frame["data"]
    return data["restaurantIds"] if "restaurantIds" in data else [data["restaurantId"]]


class Writing(threading.Thread):
    """Posts until told to stop; like Twilio, again until it is taken. Where the web process is dead, another one may
    take a message that nobody announces."""

    def __init__(self, site: Site, world: World) -> None:
        super().__init__()
        self.site, self.world, self.over = site, world, threading.Event()

    def run(self) -> None:
        n = 0
        while not self.over.is_set():
            n += 1
            try:
                self.site.customer_writes(self.world.a.bot, f"message {n}")
            except (URLError, HTTPError, ConnectionError, TimeoutError):
                Customer(self.world.a.bot, at=timezone.now()).sends(f"message {n}, by another process")
            time.sleep(0.02)
        connections.close_all()


@pytest.fixture
def writing(site: Site, world: World) -> Iterator[Writing]:
    thread = Writing(site, world)
    yield thread
    thread.over.set()
    thread.join(30)


def test_nothing_is_lost_between_two_frames(listener: Listener, site: Site, writing: Writing) -> None:
    writing.start()
    for frames in (5, 8, 11):
        with listener.coming() as line:
            for _ in range(frames):
                listener.hear(line)
            site.process.kill()
            hear_to_the_end(listener, line)
        site.start()
    with listener.coming() as line:
        writing.over.set()
        writing.join(30)
        with pytest.raises(TimeoutError):
            while True:
                listener.hear(line, patience=2.0)
    stored = {str(code) for code in Message.objects.values_list("code", flat=True)}
    assert len(stored) > 30
    assert stored - listener.messages == set()
    assert "resumed" in {frame["type"] for frame in listener.heard}
