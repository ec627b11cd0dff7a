"""Every call of the REST API, tried without the right, with the wrong words, and at the wrong door."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from django.conf import LazySettings
from django.db.models import Model
from django.utils import timezone

from bots.models import ApiToken, Bot, HookDelivery, HookEndpoint, Restaurant
from bots.tokens import create_token
from conversations.models import Conversation, Message
from orders.models import Item, Order
from tests.api_calls import Caller, Furniture, body_of, caller, furnished, operator_for, refusal
from tests.world import TOKEN_A, TOKEN_B, World

SENDER = {
    "name": "Sufrah Bot",
    "restaurantName": "Sufrah",
    "whatsappNumber": "+966508034010",
    "accountSid": "AC" + "1" * 32,
    "authToken": "aaaabbbbccccddddeeeeffff00001111",
}
HOOK = {"url": "https://display.example.com/sufrah", "events": ["order.created"]}
KEPT: tuple[type[Model], ...] = (Restaurant, Bot, Conversation, Message, Order, Item, HookEndpoint, HookDelivery)


@dataclass(frozen=True)
class Call:
    """`path` names rows by kind. `body` is one that is taken."""

    method: str
    path: str
    body: Any = None
    status: int = 200
    nullable: frozenset[str] | set[str] = frozenset()

    @property
    def needs_a_tenant(self) -> bool:
        """Of an operator's token; the others are for operators, or answer for all restaurants."""
        return not self.is_operators and self.path != "/api/db/restaurants"

    @property
    def is_operators(self) -> bool:
        return "/admin/" in self.path

    @property
    def names_a_row(self) -> bool:
        return "{" in self.path

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


CALLS = [
    Call("GET", "/api/admin/bots"),
    Call("POST", "/api/admin/bots", SENDER, 201),
    Call("GET", "/api/admin/bots/{bot}"),
    Call("PUT", "/api/admin/bots/{bot}", {"name": "Other"}),
    Call("DELETE", "/api/admin/bots/{bot}?force=true"),
    Call("GET", "/api/db/conversations"),
    Call("GET", "/api/db/conversations/stats"),
    Call("GET", "/api/db/conversations/{conversation}"),
    Call("GET", "/api/db/conversations/{conversation}/messages"),
    Call("GET", "/api/db/conversations/{conversation}/messages/{message}"),
    Call("POST", "/api/db/conversations/{conversation}/mark-read", {}),
    Call("POST", "/api/db/conversations/{conversation}/assign", {"userId": None}, nullable={"userId"}),
    Call("GET", "/api/db/restaurants"),
    Call("GET", "/api/db/restaurants/{restaurant}/bots"),
    Call("GET", "/api/db/restaurants/{restaurant}/staff"),
    Call("GET", "/api/conversations"),
    Call("GET", "/api/conversations/{conversation}/messages"),
    Call("POST", "/api/conversations/{conversation}/messages", {"content": "Hello"}, 201),
    Call("POST", "/api/conversations/{conversation}/toggle-bot", {"enabled": False}),
    Call("GET", "/api/orders"),
    Call("GET", "/api/orders/{order}"),
    Call("POST", "/api/orders/{order}/advance", {"status": "accepted"}),
    Call("GET", "/api/menu"),
    Call("PATCH", "/api/menu/items/{item}", {"isAvailable": False}),
    Call("GET", "/api/webhooks"),
    Call("POST", "/api/webhooks", HOOK, 201),
    Call("GET", "/api/webhooks/{hook}"),
    Call("PATCH", "/api/webhooks/{hook}", {**HOOK, "isActive": False}),
    Call("DELETE", "/api/webhooks/{hook}"),
    Call("POST", "/api/webhooks/{hook}/switch-on"),
    Call("GET", "/api/webhooks/{hook}/deliveries"),
    Call("POST", "/api/webhooks/deliveries/{told}/redeliver"),
]
OURS = [call for call in CALLS if not call.is_operators]
WITH_BODY = [call for call in CALLS if call.body is not None]
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"}

every = pytest.mark.parametrize("call", CALLS, ids=str)


@pytest.fixture
def a(world: World) -> Furniture:
    return furnished(world.a)


@pytest.fixture
def b(world: World) -> Furniture:
    return furnished(world.b)


def path_of(call: Call, rows: Furniture) -> str:
    return call.path.format(**rows.codes)


def allowed(call: Call, rows: Furniture, scope: str = "write") -> Caller:
    return caller(None if call.is_operators else rows.restaurant, scope)


def snapshot() -> list[str]:
    """All that a call could change; secrets as they are stored."""
    rows = [list(model._default_manager.order_by("pk").values()) for model in KEPT]
    return [str(rows), *(bot.auth_token.sealed for bot in Bot.objects.order_by("pk"))]


@pytest.fixture
def nothing_changes(a: Furniture, b: Furniture) -> Iterator[None]:
    """Whatever the test does, it was refused."""
    before = snapshot()
    yield
    assert snapshot() == before


refused = pytest.mark.usefixtures("nothing_changes")


@every
def test_it_opens_to_who_may(call: Call, a: Furniture) -> None:
    seals = [bot.auth_token.sealed for bot in Bot.objects.all()]
    answer = allowed(call, a)(call.method, path_of(call, a), call.body)
    assert answer.status_code == call.status, answer.content
    assert answer["Content-Type"] == "application/json"
    assert answer["Cache-Control"] == "private, no-cache"
    assert (answer["X-RateLimit-Limit"], answer["X-RateLimit-Remaining"]) == ("6000", "5999")
    for secret in (TOKEN_A, TOKEN_B, SENDER["authToken"], *seals):
        assert secret not in answer.content.decode()


@refused
def test_a_head_is_a_get_without_a_body(a: Furniture) -> None:
    for call in CALLS:
        if call.method == "GET":
            answer = allowed(call, a, "read")("HEAD", path_of(call, a))
            assert (answer.status_code, answer.content) == (200, b""), call


@pytest.mark.parametrize("call", OURS, ids=str)
def test_an_operator_names_the_restaurant(call: Call, a: Furniture) -> None:
    operator = operator_for(a.restaurant)
    assert operator(call.method, path_of(call, a), call.body).status_code == call.status


@pytest.mark.parametrize("call", OURS, ids=str)
def test_a_token_may_name_its_own_restaurant(call: Call, a: Furniture) -> None:
    own = Caller(caller(a.restaurant).token, str(a.restaurant.code).upper())
    assert own(call.method, path_of(call, a), call.body).status_code == call.status


@refused
def test_an_operator_who_names_no_restaurant_is_asked_to(a: Furniture) -> None:
    token = caller(None).token
    for call in filter(lambda call: call.needs_a_tenant, OURS):
        nameless = Caller(token)(call.method, path_of(call, a), call.body)
        assert refusal(nameless) == (400, "An operator's token needs the header X-Restaurant-Id"), call
        for unknown in (str(uuid4()), "x", "1"):
            assert refusal(Caller(token, unknown)(call.method, path_of(call, a), call.body))[0] == 404, call


@refused
def test_a_wrong_token_opens_nothing(a: Furniture, settings: LazySettings) -> None:
    settings.FAILED_BEARERS_PER_MINUTE = 10_000  # every door is tried, from one address
    headers = [
        "Bearer",
        "bearer ",
        "Bearer sfr_wrong",
        "Bearer é",
        "Bearer sfr_" + "x" * 5000,
        "Basic eDp4",
        "Token x",
        "",
    ]
    for call in CALLS:
        for header in headers:
            answer = Caller()(call.method, path_of(call, a), call.body, Authorization=header)
            assert refusal(answer)[0] == 401, (call, header)
            assert answer["WWW-Authenticate"].startswith("Bearer")
        assert refusal(Caller()(call.method, path_of(call, a), call.body))[0] == 401


@refused
def test_a_revoked_token_opens_nothing(a: Furniture, settings: LazySettings) -> None:
    settings.FAILED_BEARERS_PER_MINUTE = 10_000  # every door is tried, from one address
    for call in CALLS:
        row, plain = create_token("old", None if call.is_operators else a.restaurant, "write")
        ApiToken.objects.filter(pk=row.pk).update(revoked_at=timezone.now())
        answer = Caller(plain)(call.method, path_of(call, a), call.body)
        assert refusal(answer) == (401, "This token is unknown or revoked"), call


@refused
def test_a_session_is_no_way_in(a: Furniture, world: World) -> None:
    session = Caller()
    session.client.force_login(world.operator)
    for call in CALLS:
        assert refusal(session(call.method, path_of(call, a), call.body))[0] == 401, call


@refused
def test_a_token_that_reads_only_reads(a: Furniture) -> None:
    readers = {True: caller(None, "read"), False: caller(a.restaurant, "read")}
    for call in CALLS:
        answer = readers[call.is_operators](call.method, path_of(call, a), call.body)
        if call.method == "GET":
            assert answer.status_code == 200, call
        else:
            assert refusal(answer) == (403, "This token may only read"), call


@refused
def test_a_restaurant_is_no_operator(a: Furniture) -> None:
    own = caller(a.restaurant)
    for call in CALLS:
        if call.is_operators:
            answer = own(call.method, path_of(call, a), call.body)
            assert refusal(answer) == (403, "This call needs an operator's token"), call


@refused
def test_what_is_anothers_is_not_there(a: Furniture, b: Furniture) -> None:
    for who in (caller(a.restaurant), operator_for(a.restaurant)):
        for call in [call for call in OURS if call.names_a_row or call.method == "GET"]:
            answer = who(call.method, path_of(call, b), call.body)
            if call.names_a_row:
                assert refusal(answer)[0] == 404, call
            else:
                assert not any(code in answer.content.decode() for code in b.codes.values()), call


@refused
def test_another_restaurant_in_the_header_is_refused(a: Furniture, b: Furniture) -> None:
    token = caller(a.restaurant).token
    for call in OURS:
        for named in (str(b.restaurant.code), str(uuid4()), "x"):
            answer = Caller(token, named)(call.method, path_of(call, a), call.body)
            assert refusal(answer) == (403, "This token belongs to another restaurant"), call


def test_a_restaurant_that_is_switched_off_is_refused(a: Furniture) -> None:
    own = caller(a.restaurant)
    Restaurant.objects.filter(pk=a.restaurant.pk).update(is_active=False)
    before = snapshot()
    for call in OURS:
        assert refusal(own(call.method, path_of(call, a), call.body)) == (403, "This restaurant is not active"), call
    assert snapshot() == before


@refused
def test_an_id_that_names_nothing_is_not_there(a: Furniture) -> None:
    for call in CALLS:
        for code in (str(uuid4()), "1", "x", "%00", "..%2f", "٣", "null") if call.names_a_row else ():
            path = call.path.format(**dict.fromkeys(a.codes, code))
            assert refusal(allowed(call, a)(call.method, path, call.body))[0] == 404, (call, code)


@refused
def test_the_wrong_method_says_which_are_right(a: Furniture) -> None:
    for call in CALLS:
        right = {other.method for other in CALLS if other.path.split("?")[0] == call.path.split("?")[0]}
        for method in METHODS - right:
            for scope in ("read", "write"):
                who = allowed(call, a, scope)
                answer = who(method, path_of(call, a), {} if method in {"POST", "PUT", "PATCH"} else None)
                assert refusal(answer) == (405, f'Method "{method}" not allowed.'), call
                assert set(answer["Allow"].split(", ")) - {"HEAD"} == right


@refused
def test_broken_json_is_refused(a: Furniture) -> None:
    half = '{"a": "\ud800"'.encode("utf-8", "surrogatepass")
    for call in WITH_BODY:
        for raw in ("{", "nul", '{"a": NaN}', b"\xff\xfe", "[" * 100_000, half, '"\\ud800"'):
            status, sentence = refusal(allowed(call, a)(call.method, path_of(call, a), raw=raw))
            assert (status, sentence[:16]) == (400, "JSON parse error"), (call, raw[:10])


@refused
def test_a_body_that_is_no_object_is_refused(a: Furniture) -> None:
    for call in WITH_BODY:
        for raw in ("[]", '"text"', "1", "null", "true", "[{}]"):
            answer = allowed(call, a)(call.method, path_of(call, a), raw=raw)
            assert refusal(answer)[0] == 400, (call, raw)


@refused
def test_fields_that_do_not_exist_are_refused_by_name(a: Furniture) -> None:
    for call in WITH_BODY:
        answer = allowed(call, a)(call.method, path_of(call, a), {**call.body, "zest": 1, "__proto__": {}})
        assert refusal(answer) == (400, "Unknown fields: __proto__, zest"), call
        assert set(body_of(answer)["details"]) == {"__proto__", "zest"}


@refused
def test_parameters_that_do_not_exist_are_refused_by_name(a: Furniture) -> None:
    for call in CALLS:
        path = path_of(call, a)
        joint = "&" if "?" in path else "?"
        answer = allowed(call, a)(call.method, f"{path}{joint}zest=1&Limit=5&__proto__=", call.body)
        assert refusal(answer) == (400, "Unknown parameters: Limit, __proto__, zest"), call
        assert set(body_of(answer)["details"]) == {"Limit", "zest", "__proto__"}


@refused
def test_fields_of_the_wrong_type_are_refused_by_name(a: Furniture) -> None:
    wrongs: list[Any] = [1, 1.5, [], {}, None, "\0", "x" * 5000, -1, 2**40]
    for call in WITH_BODY:
        who = allowed(call, a)
        for name in call.body:
            for wrong in wrongs if name not in call.nullable else filter(None, wrongs):
                answer = who(call.method, path_of(call, a), {**call.body, name: wrong})
                assert refusal(answer)[0] == 400, (call, name, wrong)
                assert set(body_of(answer)["details"]) == {name}, (call, name, wrong)


@refused
def test_only_json_is_taken_and_spoken(a: Furniture) -> None:
    for call in CALLS:
        who, path = allowed(call, a), path_of(call, a)
        assert refusal(who(call.method, path, call.body, Accept="text/html"))[0] == 406, call
        for kind in ("application/x-www-form-urlencoded", "text/plain", "application/xml"):
            if call in WITH_BODY:
                assert refusal(who(call.method, path, raw="a=b", content_type=kind))[0] == 415, call


@refused
def test_a_body_has_a_size(a: Furniture) -> None:
    for call in WITH_BODY:
        answer = allowed(call, a)(call.method, path_of(call, a), raw='{"name": "' + "x" * 1_100_000 + '"}')
        assert refusal(answer) == (413, "The request body is too large"), call


@refused
def test_a_fault_of_ours_has_the_same_shape(a: Furniture, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object) -> None:
        raise RuntimeError("a secret detail")

    monkeypatch.setattr("bots.rest.viewsets.ApiViewSet.check_throttles", broken)
    for call in CALLS:
        answer = allowed(call, a)(call.method, path_of(call, a), call.body)
        assert refusal(answer) == (500, "Internal server error"), call


@pytest.mark.parametrize("path", ["/api/", "/api/nothing", "/api/db/conversations/", "/api/admin", "/api/admin/bots/"])
def test_an_unknown_path_has_the_same_shape(world: World, path: str) -> None:
    for method in ("GET", "POST", "DELETE"):
        assert refusal(Caller()(method, path)) == (404, "There is no such call")


def test_a_wrong_host_has_the_same_shape(world: World) -> None:
    assert refusal(Caller().get("/api/menu", Host="evil.example.com")) == (400, "Bad request")


def test_the_table_above_has_every_call(world: World) -> None:
    schema = body_of(Caller().get("/api/schema/", Accept="application/vnd.oai.openapi+json"))
    there = {
        (method.upper(), path)
        for path, methods in schema["paths"].items()
        for method in methods
        if path != "/api/schema/"
    }
    tried = {(call.method, call.path.split("?")[0]) for call in CALLS}
    assert {(method, re.sub("{.*?}", "{}", path)) for method, path in there} == {
        (method, "/".join("{}" if part.startswith("{") else part for part in path.split("/"))) for method, path in tried
    }


def test_tokens_are_stored_as_digests(world: World) -> None:
    row, plain = create_token("other system", None, "read")
    assert plain not in str(ApiToken.objects.values())
    assert row.prefix == plain[:10]
