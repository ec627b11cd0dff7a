"""Another system's part in the tests: calls the REST API with a token."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Barrier
from typing import Any, TypeVar
from urllib.parse import urlencode

from django.db import connection, transaction
from django.http import HttpResponse, QueryDict
from django.test import Client
from django.utils import timezone

from bots.models import ApiToken, Bot, HookDelivery, HookEndpoint, Restaurant
from bots.tokens import create_token
from conversations.inbound import record
from conversations.models import Conversation, Message
from conversations.wire import inbound_of
from orders.cart import Cart
from orders.models import Item, Order
from orders.placing import place_order
from tests.twilio_posts import text_from
from tests.world import House

CUSTOMER = "+966550000201"
_turns = itertools.count(1_000_000)
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
    assert answer.status_code >= 400, answer.content
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


@dataclass(frozen=True)
class Furniture:
    """One row of each kind in a house, to be named in addresses."""

    restaurant: Restaurant
    bot: Bot
    conversation: Conversation
    message: Message
    order: Order
    item: Item
    hook: HookEndpoint
    told: HookDelivery

    @property
    def codes(self) -> dict[str, str]:
        names = ("restaurant", "bot", "conversation", "message", "order", "item", "hook", "told")
        return {name: str(getattr(self, name).code) for name in names}


def furnished(house: House) -> Furniture:
    """A conversation with one message, an order in it, and a webhook that was told something once."""
    record(house.bot, inbound_of(QueryDict(urlencode(text_from(CUSTOMER, house.bot, "Hello")))), at=timezone.now())
    conversation = Conversation.objects.get(bot=house.bot, customer_address=CUSTOMER)
    order, told = ordered(house, conversation), told_once(house.restaurant)
    message = conversation.messages.earliest("id")
    return Furniture(house.restaurant, house.bot, conversation, message, order, house.items[0], told.endpoint, told)


def told_once(restaurant: Restaurant) -> HookDelivery:
    hook = HookEndpoint.objects.create(
        restaurant=restaurant, url="https://till.example.com/", events=["order.created"], secret="whsec_of_a_till"
    )
    return HookDelivery.objects.create(
        endpoint=hook,
        event="order.created",
        data={"restaurantId": str(restaurant.code)},
        status=HookDelivery.Status.DELIVERED,
        tries_left=9,
        due_at=timezone.now(),
        created_at=timezone.now(),
    )


def ordered(house: House, conversation: Conversation) -> Order:
    """Two chicken shawarma to be picked up."""
    with transaction.atomic():
        return place_order(
            restaurant=house.restaurant,
            conversation_id=conversation.pk,
            cart=Cart().add(str(house.items[0].code), 2),
            order_type="pickup",
            branch_code=str(house.branches[0].code),
            destination=None,
            payment="cash",
            turn_id=next(_turns),
            at=timezone.now(),
        )
