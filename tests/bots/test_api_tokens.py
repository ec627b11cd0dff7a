"""Tokens: made, noted, counted, revoked; and keys under which a call is done once."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from bots import idempotency
from bots.idempotency import LEASE, Answer, KeyTaken, StillRunning, claim, forget_old, release, settle
from bots.models import ApiToken, AuditEvent, IdempotentCall
from bots.tokens import bearer_of, create_token, revoke_token
from conversations.models import Message
from tests.api_calls import Caller, at_once, body_of, caller, furnished, refusal
from tests.clock import NOW, later
from tests.world import World


def made(*arguments: str) -> tuple[str, str]:
    """(what goes to a pipe, what a person reads)."""
    out, err = StringIO(), StringIO()
    call_command("create_token", *arguments, stdout=out, stderr=err)
    return out.getvalue().strip(), err.getvalue()


def test_the_command_shows_a_token_once(world: World) -> None:
    plain, told = made("--name", "till", "--restaurant", str(world.a.restaurant.code), "--scope", "write")
    row = ApiToken.objects.get()
    assert (row.name, row.restaurant, row.scope, row.digest == plain) == ("till", world.a.restaurant, "write", False)
    assert plain not in told
    bearer = bearer_of(plain)
    assert bearer is not None
    assert (bearer.restaurant, bearer.may_write, bearer.is_operator) == (world.a.restaurant, True, False)
    assert plain not in str(AuditEvent.objects.values())


def test_an_operators_token_reads_unless_told_otherwise(db: None) -> None:
    plain, _ = made("--name", "reports", "--operator")
    bearer = bearer_of(plain)
    assert bearer is not None
    assert (bearer.restaurant, bearer.may_write) == (None, False)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--operator"],
        ["--name", "x"],
        ["--name", "x", "--operator", "--restaurant", "x"],
        ["--name", "x", "--restaurant", "x"],
        ["--name", " ", "--operator"],
        ["--name", "x" * 81, "--operator"],
        ["--name", "x", "--operator", "--scope", "all"],
    ],
)
def test_a_token_that_cannot_be_is_not_made(db: None, arguments: list[str]) -> None:
    with pytest.raises(CommandError):
        made(*arguments)
    assert not ApiToken.objects.exists()
    assert not AuditEvent.objects.exists()


def test_a_token_is_revoked_once(world: World) -> None:
    row, plain = create_token("old", world.a.restaurant, "read", world.operator)
    assert revoke_token(row, by=world.operator, at=NOW)
    assert not revoke_token(row, by=None, at=later(hours=1))
    assert bearer_of(plain) is None
    row.refresh_from_db()
    assert row.revoked_at == NOW
    assert list(AuditEvent.objects.order_by("id").values_list("action", "user")) == [
        ("token.made", world.operator.pk),
        ("token.revoked", world.operator.pk),
    ]


def test_its_use_is_noted_once_a_minute(world: World, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    row, plain = create_token("till", world.a.restaurant, "read")
    with django_assert_num_queries(2):
        bearer_of(plain)
    row.refresh_from_db()
    noted = row.last_used_at
    assert noted is not None
    with django_assert_num_queries(1):
        bearer_of(plain)
    ApiToken.objects.update(last_used_at=noted - timedelta(seconds=61))
    with django_assert_num_queries(2):
        bearer_of(plain)
    row.refresh_from_db()
    assert row.last_used_at is not None
    assert row.last_used_at >= noted


def test_the_fixed_token_is_an_operators(world: World, settings: Any) -> None:
    assert refusal(Caller("the fixed one").get("/api/admin/bots"))[0] == 401
    settings.DASHBOARD_PAT = "the fixed one"
    assert Caller("the fixed one").get("/api/admin/bots").status_code == 200
    assert Caller("the fixed one", str(world.a.restaurant.code)).post("/api/orders/x/advance", {}).status_code == 404
    for wrong in ("", "the fixed on", "the fixed one2"):
        assert refusal(Caller(wrong).get("/api/admin/bots"))[0] == 401
    settings.DASHBOARD_PAT = ""
    assert refusal(Caller()("GET", "/api/admin/bots", Authorization="Bearer "))[0] == 401


def test_a_socket_may_say_what_is_no_text(db: None, settings: Any) -> None:
    settings.DASHBOARD_PAT = "pat"
    assert bearer_of("\ud800") is None


def test_calls_are_counted_by_token(world: World, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.API_CALLS_PER_MINUTE = 2
    monkeypatch.setattr("bots.rest.throttling.time.time", lambda: 1_000_000_010.0)
    first, second = caller(world.a.restaurant), caller(world.a.restaurant)
    left = [first.get("/api/menu")["X-RateLimit-Remaining"] for _ in range(2)]
    assert left == ["1", "0"]
    refused = first.get("/api/menu")
    assert refusal(refused)[0] == 429
    headers = [refused[name] for name in ("Retry-After", "X-RateLimit-Limit", "X-RateLimit-Reset")]
    assert headers == ["10", "2", "1000000020"]
    assert second.get("/api/menu").status_code == 200
    monkeypatch.setattr("bots.rest.throttling.time.time", lambda: 1_000_000_020.0)
    assert first.get("/api/menu").status_code == 200


def test_a_key_is_claimed_settled_and_forgotten(db: None) -> None:
    first = claim("token:1", "key", "print", at=NOW)
    with pytest.raises(StillRunning):
        claim("token:1", "key", "print", at=NOW)
    with pytest.raises(KeyTaken):
        claim("token:1", "key", "other", at=NOW)
    assert claim("token:2", "key", "other", at=NOW).name != first.name
    settle(first, Answer(201, '{"b":1,"a":2}'))
    release(first)
    assert claim("token:1", "key", "print", at=later(hours=23)).answer == Answer(201, '{"b":1,"a":2}')
    again = claim("token:1", "key", "other", at=later(hours=24))
    assert (again.answer, again.name == first.name) == (None, False)


def test_a_claim_whose_owner_died_is_taken_over_under_the_same_name(db: None) -> None:
    first = claim("token:1", "key", "print", at=NOW)
    second = claim("token:1", "key", "print", at=NOW + LEASE)
    assert (second.name, second.answer) == (first.name, None)
    with pytest.raises(StillRunning):
        claim("token:1", "key", "print", at=NOW + LEASE + timedelta(seconds=59))


def test_a_released_key_is_free(db: None) -> None:
    release(claim("token:1", "key", "print", at=NOW))
    assert claim("token:1", "key", "other", at=NOW).answer is None


def test_old_keys_are_swept(db: None) -> None:
    for n in range(3):
        claim("token:1", f"key {n}", "print", at=later(hours=n))
    forget_old(at=later(hours=25))
    assert list(IdempotentCall.objects.values_list("key", flat=True)) == ["key 2"]


@pytest.mark.django_db(transaction=True)
def test_a_call_with_a_key_is_done_once_however_many_send_it(world: World) -> None:
    rows, token = furnished(world.a), caller(world.a.restaurant).token
    path = f"/api/conversations/{rows.conversation.code}/messages"
    answers = at_once(lambda n: Caller(token).post(path, {"content": "Hello"}, Idempotency_Key="k"), 8)
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert Message.objects.filter(author="staff").count() == 1
    again = Caller(token).post(path, {"content": "Hello"}, Idempotency_Key="k")
    first = next(answer for answer in answers if answer.status_code == 201)
    assert (again.content, again["Idempotency-Replayed"]) == (first.content, "true")


def test_a_key_is_for_one_request(world: World) -> None:
    rows, own = furnished(world.a), caller(world.a.restaurant)
    path = f"/api/conversations/{rows.conversation.code}/messages"
    assert own.post(path, {"content": "Hello"}, Idempotency_Key="k").status_code == 201
    for other, body in ((path, {"content": "Bye"}), (path.replace("messages", "toggle-bot"), {"content": "Hello"})):
        answer = own.post(other, body, Idempotency_Key="k")
        assert refusal(answer) == (422, "This Idempotency-Key was used for another request")
    other_token = caller(world.a.restaurant)
    assert other_token.post(path, {"content": "Bye"}, Idempotency_Key="k").status_code == 201
    assert Message.objects.filter(author="staff").count() == 2


def test_a_refusal_leaves_the_key_free(world: World) -> None:
    rows, own = furnished(world.a), caller(world.a.restaurant)
    path = f"/api/conversations/{rows.conversation.code}/messages"
    assert refusal(own.post(path, {"content": ""}, Idempotency_Key="k"))[0] == 400
    assert not IdempotentCall.objects.exists()
    assert own.post(path, {"content": "Hello"}, Idempotency_Key="k").status_code == 201


@pytest.mark.parametrize("key", ["", " ", "with space", "é", "x" * 256, "tab\t"])
def test_a_key_that_is_none_is_refused(world: World, key: str) -> None:
    rows, own = furnished(world.a), caller(world.a.restaurant)
    path = f"/api/conversations/{rows.conversation.code}/messages"
    said = refusal(own.post(path, {"content": "Hello"}, Idempotency_Key=key))
    assert said == (400, "Idempotency-Key is 1 to 255 visible ASCII characters")
    assert not Message.objects.filter(author="staff").exists()


def test_a_call_that_died_before_it_was_settled_says_nothing_twice(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, own = furnished(world.a), caller(world.a.restaurant)
    path = f"/api/conversations/{rows.conversation.code}/messages"

    def died(*args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(idempotency, "settle", died)
        with pytest.raises(KeyboardInterrupt):
            own.post(path, {"content": "Hello"}, Idempotency_Key="k")
    assert refusal(own.post(path, {"content": "Hello"}, Idempotency_Key="k"))[0] == 409
    IdempotentCall.objects.update(lease_until=timezone.now())
    answer = own.post(path, {"content": "Hello"}, Idempotency_Key="k")
    assert (answer.status_code, body_of(answer)["content"]) == (201, "Hello")
    assert Message.objects.filter(author="staff").count() == 1


def test_a_call_that_fell_over_after_it_was_done_is_not_done_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, own = furnished(world.a), caller(world.a.restaurant)
    path = f"/api/conversations/{rows.conversation.code}/messages"
    with monkeypatch.context() as broken:
        broken.setattr("conversations.api.MessageOut.to_representation", lambda *_: 1 / 0)
        assert refusal(own.post(path, {"content": "Hello"}, Idempotency_Key="k"))[0] == 500
    other = own.post(path, {"content": "Bye"}, Idempotency_Key="k")
    assert refusal(other)[0] == 422
    answer = own.post(path, {"content": "Hello"}, Idempotency_Key="k")
    assert (answer.status_code, body_of(answer)["content"]) == (201, "Hello")
    assert Message.objects.filter(author="staff").count() == 1
