"""A crawl over every door with two restaurants and outsiders: nothing crosses, and no secret is ever shown."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.apps import apps
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.http import HttpResponseBase
from django.test import Client
from django.utils import timezone

from bots.live import announce
from bots.models import ApiToken, AuditEvent, Bot, SignInSession
from bots.secrets import Secret
from bots.tokens import create_token, revoke_token
from bots.versions import version_at
from conversations.delivery import deliver
from conversations.handoff import take_over
from conversations.models import Conversation, Message
from orders.models import Order
from orders.placing import advance
from tests.clock import clock
from tests.doors import paths, socket_paths
from tests.lines import ORIGIN, on_the_line, socket
from tests.sessions_state.customers import Customer
from tests.sessions_state.test_turns import order_by_numbers
from tests.twilio_posts import post, text_from
from tests.world import TOKEN_A, TOKEN_B, House, World

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
    """Everything but what is the callers' own: the last use of their tokens, and their sign-ins, which belong to no
    restaurant."""
    kept = [model for model in TENANT_ROWS if model not in (ApiToken, SignInSession)]
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


@dataclass(frozen=True)
class Listener:
    """One who opens a socket: from a page of ours, or with a token."""

    name: str
    client: Client | None = None
    token: str = ""


def listeners(world: World) -> list[Listener]:
    """All who must hear nothing of the other house."""
    revoked, once_good = create_token("once", world.b.restaurant, ApiToken.Scope.READ)
    revoke_token(revoked, by=None, at=timezone.now())
    tokens = [create_token(scope, world.a.restaurant, scope)[1] for scope in ApiToken.Scope.values]
    return [
        Listener("nobody"),
        Listener("nobody with a word", token="word"),
        Listener("the stranger", signed_in(world.stranger)),
        Listener("the operator without a restaurant", signed_in(world.operator)),
        Listener("the other owner", signed_in(world.a.owner)),
        Listener("the other owner with a dead token", signed_in(world.a.owner), once_good),
        Listener("the other's token to read", token=tokens[0]),
        Listener("the other's token to write", token=tokens[1]),
        Listener("a revoked token", token=once_good),
    ]


def places() -> list[int | None]:
    """From where a listener may want to resume: from nowhere, the beginning of time, and a minute ago."""
    return [None, 0, version_at(timezone.now()) - 60_000]


@pytest.mark.parametrize("place", range(len(places())))
def test_nothing_crosses_on_a_socket(busy: World, place: int) -> None:
    """Every socket, by every outsider, who listens and resumes: no word and no id of the other house is heard, neither
    of what happened before nor of what happens now. Its own token hears both."""
    Conversation.objects.update(version=version_at(timezone.now()))
    since, secrets, tried = places()[place], [*codes_of(busy), MARK, PHONE, PHONE[1:]], 0
    owner = Listener("its own token", token=create_token("own", busy.b.restaurant, ApiToken.Scope.READ)[1])
    paths = list(socket_paths(codes_of(busy)))
    assert "/ws" in paths
    for path in paths:
        for listener in listeners(busy):
            heard = on_the_line(all_that_is_heard, path, listener, since, busy)
            assert not [secret for secret in secrets if secret in heard], f"{path} by {listener.name}"
            tried += 1
    assert tried >= 9
    heard = on_the_line(all_that_is_heard, "/ws", owner, since, busy)
    for word in ("ready", "message.created", "order.updated", str(busy.b.restaurant.code)):
        assert word in heard
    assert ("refetch" in heard, "resumed" in heard) == (since == 0, bool(since))
    assert (heard.count("conversation.updated") > 1) is bool(since), "what happened before is told to its own alone"


async def all_that_is_heard(path: str, listener: Listener, since: int | None, world: World) -> str:
    """Before something happens in the other house and after it, in one text."""
    asks = {} if since is None else {"since": since}
    async with socket(listener.client, ORIGIN if listener.client else b"", path) as line:
        if listener.token:
            await line.send_json_to({"type": "identify", "token": listener.token, **asks})
        elif asks:
            await line.send_json_to({"type": "resume", **asks})
        before = await quiet(line)
        await sync_to_async(something_happens)(world.b)
        return before + await quiet(line)


def something_happens(house: House) -> None:
    customer = Customer(house.bot, PHONE, at=timezone.now())
    customer.sends(MARK)
    take_over(customer.conversation, house.agent, at=timezone.now())
    order = Order.objects.get(restaurant=house.restaurant)
    Order.objects.update(status=Order.Status.PLACED)
    order.refresh_from_db()
    advance(order, "accepted", house.owner, at=timezone.now())
    with transaction.atomic():
        announce("bot.status", house.restaurant, 1, botId=house.bot.code)


async def quiet(line: Any) -> str:
    """All that is said until nothing comes any more."""
    said = ""
    while not await line.receive_nothing(timeout=0.15):
        said += json.dumps(await line.receive_output())
    return said
