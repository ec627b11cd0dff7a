"""Every call of the REST API, tried without the right, with the wrong words, and at the wrong door."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from django.db.models import Model
from django.utils import timezone

from bots.models import ApiToken, AuditEvent, Bot, Restaurant
from bots.tokens import create_token, revoke_token
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
KEPT: tuple[type[Model], ...] = (Restaurant, Bot, Conversation, Message, Order, Item, AuditEvent)


@dataclass(frozen=True)
class Call:
    """`path` names rows by kind. `body` is one that is taken."""

    method: str
    path: str
    body: Any = None
    status: int = 200

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
    Call("POST", "/api/db/conversations/{conversation}/mark-read", {}),
    Call("GET", "/api/db/restaurants/{restaurant}/bots"),
    Call("GET", "/api/conversations"),
    Call("GET", "/api/conversations/{conversation}/messages"),
    Call("POST", "/api/conversations/{conversation}/messages", {"content": "Hello"}, 201),
    Call("POST", "/api/conversations/{conversation}/toggle-bot", {"enabled": False}),
    Call("GET", "/api/orders"),
    Call("GET", "/api/orders/{order}"),
    Call("POST", "/api/orders/{order}/advance", {"status": "accepted"}),
    Call("GET", "/api/menu"),
    Call("PATCH", "/api/menu/items/{item}", {"isAvailable": False}),
]
OURS = [call for call in CALLS if not call.is_operators]
WRITES = [call for call in CALLS if call.method != "GET"]
WITH_BODY = [call for call in WRITES if call.body is not None]
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"}

every = pytest.mark.parametrize("call", CALLS, ids=str)
every_of_a_restaurant = pytest.mark.parametrize("call", OURS, ids=str)
every_write = pytest.mark.parametrize("call", WRITES, ids=str)
every_body = pytest.mark.parametrize("call", WITH_BODY, ids=str)


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


def snapshot() -> list[list[dict[str, Any]]]:
    return [list(model._default_manager.order_by("pk").values()) for model in KEPT]


@every
def test_it_opens_to_who_may(call: Call, a: Furniture) -> None:
    answer = allowed(call, a)(call.method, path_of(call, a), call.body)
    assert answer.status_code == call.status, answer.content
    assert answer["Content-Type"] == "application/json"
    assert answer["Cache-Control"] == "private, no-cache"
    assert (answer["X-RateLimit-Limit"], answer["X-RateLimit-Remaining"]) == ("6000", "5999")


@every
def test_a_secret_is_in_no_answer(call: Call, a: Furniture) -> None:
    seals = [bot.auth_token.sealed for bot in Bot.objects.all()]
    answer = allowed(call, a)(call.method, path_of(call, a), call.body)
    for secret in (TOKEN_A, TOKEN_B, SENDER["authToken"], *seals):
        assert secret not in answer.content.decode()


@every_of_a_restaurant
def test_an_operator_names_the_restaurant(call: Call, a: Furniture) -> None:
    path, operator = path_of(call, a), operator_for(a.restaurant)
    assert operator(call.method, path, call.body).status_code == call.status
    before = snapshot()
    nameless = Caller(operator.token)(call.method, path, call.body)
    assert refusal(nameless) == (400, "An operator's token needs the header X-Restaurant-Id")
    for unknown in (str(uuid4()), "x", "1"):
        assert refusal(Caller(operator.token, unknown)(call.method, path, call.body))[0] == 404
    assert snapshot() == before


@every
@pytest.mark.parametrize("token", ["", "sfr_wrong", "é", "sfr_" + "x" * 5000])
def test_a_wrong_token_opens_nothing(call: Call, a: Furniture, token: str) -> None:
    before = snapshot()
    answer = Caller()(
        call.method, path_of(call, a), call.body, **({"Authorization": f"Bearer {token}"} if token else {})
    )
    assert refusal(answer)[0] == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert snapshot() == before


@every
def test_a_revoked_token_opens_nothing(call: Call, a: Furniture) -> None:
    row, plain = create_token("old", None if call.is_operators else a.restaurant, "write")
    assert revoke_token(row, by=None, at=timezone.now())
    before = snapshot()
    answer = Caller(plain)(call.method, path_of(call, a), call.body)
    assert refusal(answer) == (401, "This token is unknown or revoked")
    assert snapshot() == before


@every
@pytest.mark.parametrize("header", ["Basic b3BlcmF0b3I6eA==", "Bearer", "bearer ", "Token x"])
def test_other_ways_in_are_none(call: Call, a: Furniture, header: str) -> None:
    assert refusal(Caller()(call.method, path_of(call, a), call.body, Authorization=header))[0] == 401


@every
def test_a_session_is_no_way_in(call: Call, a: Furniture, world: World) -> None:
    session = Caller()
    session.client.force_login(world.operator)
    assert refusal(session(call.method, path_of(call, a), call.body))[0] == 401


@every_write
def test_a_token_that_reads_cannot_write(call: Call, a: Furniture) -> None:
    reader, before = allowed(call, a, "read"), snapshot()
    answer = reader(call.method, path_of(call, a), call.body)
    assert refusal(answer) == (403, "This token may only read")
    assert snapshot() == before


@pytest.mark.parametrize("call", [call for call in CALLS if call.method == "GET"], ids=str)
def test_a_token_that_reads_reads(call: Call, a: Furniture) -> None:
    assert allowed(call, a, "read").get(path_of(call, a)).status_code == 200


@pytest.mark.parametrize("call", [call for call in CALLS if call.is_operators], ids=str)
def test_a_restaurant_is_no_operator(call: Call, a: Furniture) -> None:
    own, before = caller(a.restaurant), snapshot()
    assert refusal(own(call.method, path_of(call, a), call.body)) == (403, "This call needs an operator's token")
    assert snapshot() == before


@every_of_a_restaurant
def test_what_is_anothers_is_not_there(call: Call, a: Furniture, b: Furniture) -> None:
    own, operator, before = caller(a.restaurant), operator_for(a.restaurant), snapshot()
    for who in (own, operator):
        answer = who(call.method, path_of(call, b), call.body)
        if call.names_a_row:
            assert refusal(answer)[0] == 404
        else:
            assert not any(code in answer.content.decode() for code in b.codes.values())
    assert snapshot() == before


@every_of_a_restaurant
def test_another_restaurant_in_the_header_is_refused(call: Call, a: Furniture, b: Furniture) -> None:
    token, before = caller(a.restaurant).token, snapshot()
    for named in (str(b.restaurant.code), str(uuid4()), "x"):
        answer = Caller(token, named)(call.method, path_of(call, a), call.body)
        assert refusal(answer) == (403, "This token belongs to another restaurant")
    assert snapshot() == before
    assert Caller(token, str(a.restaurant.code).upper())(call.method, path_of(call, a), call.body).status_code < 300


@every_of_a_restaurant
def test_a_restaurant_that_is_switched_off_is_refused(call: Call, a: Furniture) -> None:
    own = caller(a.restaurant)
    Restaurant.objects.filter(pk=a.restaurant.pk).update(is_active=False)
    before = snapshot()
    assert refusal(own(call.method, path_of(call, a), call.body)) == (403, "This restaurant is not active")
    assert snapshot() == before


@pytest.mark.parametrize("call", [call for call in CALLS if call.names_a_row], ids=str)
@pytest.mark.parametrize("code", [str(uuid4()), "1", "x", "%00", "..%2f", "٣", "null"])
def test_an_id_that_names_nothing_is_not_there(call: Call, code: str, a: Furniture) -> None:
    path = call.path.format(**dict.fromkeys(a.codes, code))
    assert refusal(allowed(call, a)(call.method, path, call.body))[0] == 404


@every
def test_the_wrong_method_says_which_are_right(call: Call, a: Furniture) -> None:
    right = {other.method for other in CALLS if other.path.split("?")[0] == call.path.split("?")[0]}
    writer, reader, before = allowed(call, a), allowed(call, a, "read"), snapshot()
    for method in METHODS - right:
        for who in (writer, reader):
            answer = who(method, path_of(call, a), {} if method in {"POST", "PUT", "PATCH"} else None)
            assert refusal(answer) == (405, f'Method "{method}" not allowed.')
            assert set(answer["Allow"].split(", ")) - {"HEAD"} == right
    assert snapshot() == before


@every_body
@pytest.mark.parametrize(
    "raw", ["{", "nul", '{"a": NaN}', b"\xff\xfe", "[" * 100_000, '{"a": "\ud800"'.encode("utf-8", "surrogatepass")]
)
def test_broken_json_is_refused(call: Call, a: Furniture, raw: Any) -> None:
    who, before = allowed(call, a), snapshot()
    status, sentence = refusal(who(call.method, path_of(call, a), raw=raw))
    assert (status, sentence[:16]) == (400, "JSON parse error")
    assert snapshot() == before


@every_body
@pytest.mark.parametrize("raw", ["[]", '"text"', "1", "null", "true", "[{}]"])
def test_a_body_that_is_no_object_is_refused(call: Call, a: Furniture, raw: str) -> None:
    if raw == "null" and not call.body:
        return
    who, before = allowed(call, a), snapshot()
    answer = who(call.method, path_of(call, a), raw=raw)
    assert refusal(answer)[0] == 400
    assert snapshot() == before


@every_body
def test_fields_that_do_not_exist_are_refused_by_name(call: Call, a: Furniture) -> None:
    who, before = allowed(call, a), snapshot()
    answer = who(call.method, path_of(call, a), {**call.body, "zest": 1, "__proto__": {}})
    assert refusal(answer) == (400, "Unknown fields: __proto__, zest")
    assert set(body_of(answer)["details"]) == {"__proto__", "zest"}
    assert snapshot() == before


@every_body
@pytest.mark.parametrize("wrong", [1, 1.5, [], {}, None, "\0", "\ud800", "x" * 5000, -1, 2**40])
def test_fields_of_the_wrong_type_are_refused_by_name(call: Call, a: Furniture, wrong: Any) -> None:
    who = allowed(call, a)
    for name in call.body:
        before = snapshot()
        answer = who(call.method, path_of(call, a), {**call.body, name: wrong})
        assert refusal(answer)[0] == 400, (name, wrong)
        assert set(body_of(answer)["details"]) == {name}
        assert snapshot() == before


@every_body
def test_only_json_is_taken(call: Call, a: Furniture) -> None:
    who, before = allowed(call, a), snapshot()
    for kind in ("application/x-www-form-urlencoded", "text/plain", "application/xml"):
        assert refusal(who(call.method, path_of(call, a), raw="a=b", content_type=kind))[0] == 415
    assert snapshot() == before


@every_body
def test_a_body_has_a_size(call: Call, a: Furniture) -> None:
    who, before = allowed(call, a), snapshot()
    answer = who(call.method, path_of(call, a), raw='{"name": "' + "x" * 1_100_000 + '"}')
    assert refusal(answer) == (413, "The request body is too large")
    assert snapshot() == before


@every
def test_only_json_is_spoken(call: Call, a: Furniture) -> None:
    who, before = allowed(call, a), snapshot()
    assert refusal(who(call.method, path_of(call, a), call.body, Accept="text/html"))[0] == 406
    assert snapshot() == before


@every
def test_a_fault_of_ours_has_the_same_shape(call: Call, a: Furniture, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object) -> None:
        raise RuntimeError("a secret detail")

    who = allowed(call, a)
    monkeypatch.setattr("bots.rest.views.ApiView.check_throttles", broken)
    assert refusal(who(call.method, path_of(call, a), call.body)) == (500, "Internal server error")


@pytest.mark.parametrize("path", ["/api/", "/api/nothing", "/api/db/conversations/", "/api/admin", "/api/admin/bots/"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_an_unknown_path_has_the_same_shape(world: World, path: str, method: str) -> None:
    assert refusal(Caller()(method, path)) == (404, "There is no such call")


def test_a_wrong_host_has_the_same_shape(world: World) -> None:
    assert refusal(Caller().get("/api/menu", Host="evil.example.com")) == (400, "Bad request")


def test_the_table_above_has_every_call(world: World) -> None:
    schema = body_of(Caller().get("/api/schema/?format=json", Accept="application/json"))
    there = {
        (method.upper(), path)
        for path, methods in schema["paths"].items()
        for method in methods
        if path != "/api/schema/"
    }
    tried = {(call.method, call.path.split("?")[0]) for call in CALLS}
    assert {(method, path.replace("{code}", "{}")) for method, path in there} == {
        (method, "/".join("{}" if part.startswith("{") else part for part in path.split("/"))) for method, path in tried
    }


def test_tokens_are_stored_as_digests(world: World) -> None:
    row, plain = create_token("other system", None, "read")
    assert plain not in str(ApiToken.objects.values())
    assert row.prefix == plain[:10]
