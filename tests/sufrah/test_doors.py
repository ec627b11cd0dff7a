"""A crawl over every door with two restaurants and outsiders: nothing crosses, and no secret is ever shown."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import pytest
from django.apps import apps
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.db import connection
from django.http import HttpResponseBase
from django.test import Client
from django.utils import timezone

from bots.models import ApiToken, AuditEvent, Bot
from bots.secrets import Secret
from bots.tokens import create_token
from conversations.delivery import deliver
from conversations.models import Conversation, Message
from orders.models import Order
from tests.clock import clock
from tests.doors import paths
from tests.sessions_state.customers import Customer
from tests.sessions_state.test_turns import order_by_numbers
from tests.twilio_posts import post, text_from
from tests.world import TOKEN_A, TOKEN_B, World

pytestmark = pytest.mark.django_db(transaction=True)

MARK = "zubayda-of-the-other-house"
PHONE = "+966550009999"
PAT = "a-fixed-operator-token"
# What belongs to a tenant, and what must not move when an outsider knocks.
TENANT_ROWS = [
    model
    for label in ("bots", "orders", "conversations", "sessions_state")
    for model in apps.get_app_config(label).get_models()
]


@dataclass(frozen=True)
class Knock:
    """One outsider: signed in, or with a token, or nobody."""

    name: str
    client: Client


@pytest.fixture
def busy(world: World, settings: LazySettings) -> World:
    """The other house has a customer in the middle of things, an order and a token; its senders are real ones, so
    that the simulator does not offer them."""
    settings.DASHBOARD_PAT = PAT
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_workers DEFAULT VALUES")
    customer = Customer(world.b.bot, PHONE)
    order_by_numbers(customer)
    customer.says("1")
    customer.says(MARK, ProfileName=MARK)
    Bot.objects.update(channel=Bot.Channel.TWILIO)
    create_token("till of b", world.b.restaurant, ApiToken.Scope.WRITE)
    return world


def outsiders(world: World) -> list[Knock]:
    return [
        Knock("nobody", Client()),
        Knock("the stranger", signed_in(world.stranger)),
        Knock("the other owner", signed_in(world.a.owner)),
        Knock("the other's token", bearing(create_token("a", world.a.restaurant, ApiToken.Scope.WRITE)[1])),
    ]


def signed_in(user: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


def bearing(token: str, **more: str) -> Client:
    return Client(raise_request_exception=False, headers={"authorization": f"Bearer {token}", **more})


def codes_of(world: World) -> list[str]:
    conversation = Conversation.objects.get(bot=world.b.bot)
    return [
        str(conversation.code),
        str(Message.objects.filter(conversation=conversation, direction="IN").latest("id").code),
        str(Order.objects.get(restaurant=world.b.restaurant).code),
        str(world.b.restaurant.code),
        str(world.b.bot.code),
        str(world.b.items[0].code),
    ]


def body_of(answer: HttpResponseBase) -> str:
    content = b"".join(answer.streaming_content) if answer.streaming else getattr(answer, "content", b"")  # type: ignore[attr-defined]
    return bytes(content).decode("utf-8", "replace")


def rows() -> dict[str, list[dict[str, Any]]]:
    """Everything but the tokens: their last use is the caller's own."""
    kept = [model for model in TENANT_ROWS if model is not ApiToken]
    return {model.__name__: [readable(row) for row in model._default_manager.order_by("pk").values()] for model in kept}


def readable(row: dict[str, Any]) -> dict[str, Any]:
    """Secrets compare as they are stored."""
    return {name: value.sealed if isinstance(value, Secret) else value for name, value in row.items()}


def test_nothing_crosses(busy: World) -> None:
    """Every door, with every public code of the other house, by every outsider, read and written: the answer never
    holds a word of that house, and no row moves."""
    codes, callers, tried = codes_of(busy), outsiders(busy), 0
    before = rows()
    for path in paths(codes, without=("admin/", "simulator/")):
        for caller in callers:
            for method in ("get", "post", "put", "patch", "delete"):
                answer = getattr(caller.client, method)(path, {} if method in {"get", "post"} else "{}")
                shown, where = body_of(answer), f"{method} {path} by {caller.name}"
                assert answer.status_code < 500, where
                for secret in (MARK, PHONE, PHONE[1:], "Falafel Corner", "ركن الفلافل", busy.b.bot.whatsapp_number):
                    assert secret not in shown, where
                if any(code in path for code in codes) and method == "get":
                    assert answer.status_code in {302, 401, 403, 404, 405}, where
                tried += 1
        assert signed_out_again(callers, busy)
    assert rows() == before
    assert tried > 500


def signed_out_again(callers: list[Knock], world: World) -> bool:
    """The door of sign-out is a door like all others: who went through it signs in again."""
    for caller, user in zip(callers[1:3], (world.stranger, world.a.owner), strict=True):
        caller.client.force_login(user)
    return True


def test_the_admin_is_the_operators(busy: World) -> None:
    keys = [busy.b.bot.pk, Conversation.objects.get(bot=busy.b.bot).pk]
    callers = outsiders(busy)[:3]
    before = rows()
    open_to_all = ("admin/login", "admin/jsi18n")
    for path in paths(keys, without=open_to_all):
        if path.startswith("/admin/"):
            for caller in callers:
                answer = caller.client.get(path)
                assert answer.status_code in {301, 302, 403, 404}, f"{path} by {caller.name}"
                assert MARK not in body_of(answer)
    assert rows() == before


def test_no_secret_is_ever_shown(busy: World, caplog: pytest.LogCaptureFixture) -> None:
    """The operator may see everything but the secrets: no page, answer or log line holds an auth token, sealed or
    plain, nor a token of the API."""
    caplog.set_level(logging.DEBUG)
    operator, api = signed_in(busy.operator), bearing(PAT, **{"x-restaurant-id": str(busy.b.restaurant.code)})
    secrets = [TOKEN_A, TOKEN_B, *(bot.auth_token.sealed for bot in Bot.objects.all())]
    secrets += [PAT, *ApiToken.objects.values_list("digest", flat=True)]
    keys = [busy.b.bot.pk, Order.objects.get().pk, Message.objects.latest("id").pk]
    pages = 0

    for client, codes in ((operator, [*codes_of(busy), *keys]), (api, codes_of(busy))):
        for path in paths(codes, without=("logout", "admin/logout")):
            shown = body_of(client.get(path))
            assert not [secret for secret in secrets if secret in shown], path
            pages += 1
    trouble(busy)

    assert pages > 300
    for line in caplog.records:
        written = f"{line.getMessage()} {line.exc_text or ''}"
        assert not [secret for secret in secrets if secret in written], line.name


def trouble(world: World) -> None:
    """Forged and broken webhooks, and a reply that cannot be sent: what errors would write down."""
    params = text_from(PHONE, world.b.bot, "x")
    post(params, TOKEN_A)
    post(params | {"To": "whatsapp:nonsense"}, TOKEN_B)
    Message.objects.filter(direction="OUT").update(status="queued", next_attempt_at=None)
    deliver(Conversation.objects.get(bot=world.b.bot).pk, clock(timezone.now()))
    AuditEvent.objects.create(action="looked", subject="everything")
