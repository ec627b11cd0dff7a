"""Tokens in the operators' pages: made, shown once, revoked, never edited."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from bots.models import ApiToken, AuditEvent, SignInSession
from bots.tokens import bearer_of, create_token
from tests.world import World

LIST, ADD = "/admin/bots/apitoken/", "/admin/bots/apitoken/add/"
PLAIN = re.compile(r"sfr_[\w-]{43}")


@pytest.fixture
def page(world: World, client: Client) -> Client:
    client.force_login(world.operator)
    return client


def text_of(response: Any) -> str:
    return html.unescape(response.content.decode())


def form(world: World, **changes: object) -> dict[str, object]:
    return {"name": "Till", "restaurant": world.a.restaurant.pk, "scope": "write", **changes}


def made(world: World) -> tuple[ApiToken, str]:
    return create_token("Till", world.a.restaurant, "read", world.operator)


def test_a_token_is_shown_once_and_kept_nowhere(page: Client, world: World) -> None:
    answer = page.post(ADD, form(world))
    plain = PLAIN.findall(text_of(answer))[0]
    row = ApiToken.objects.get()
    bearer = bearer_of(plain)
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]
    assert bearer is not None
    assert (bearer.restaurant, bearer.may_write, row.created_by) == (world.a.restaurant, True, world.operator)
    kept = [list(model.objects.values_list()) for model in (ApiToken, AuditEvent, LogEntry)]
    sessions = [session.get_decoded() for session in SignInSession.objects.all()]
    assert plain not in f"{kept} {sessions} {page.cookies} {answer.headers}"
    for path in (LIST, f"{LIST}{row.pk}/change/", f"{LIST}{row.pk}/history/", "/admin/bots/auditevent/"):
        assert plain not in text_of(page.get(path))
    assert [event.action for event in AuditEvent.objects.all()] == ["token.made"]


def test_an_operators_token_is_asked_for_by_name(page: Client, world: World) -> None:
    answer = page.post(ADD, form(world, restaurant="", for_operator="on", scope="read"))
    bearer = bearer_of(PLAIN.findall(text_of(answer))[0])
    assert bearer is not None
    assert (bearer.is_operator, bearer.may_write) == (True, False)


@pytest.mark.parametrize(
    "changes",
    [
        {"restaurant": ""},
        {"for_operator": "on"},
        {"restaurant": "999999"},
        {"name": "  "},
        {"name": "x" * 81},
        {"scope": "all"},
    ],
)
def test_a_form_that_is_wrong_makes_nothing(page: Client, world: World, changes: dict[str, object]) -> None:
    answer = page.post(ADD, form(world, **changes))
    assert answer.status_code == 200
    assert not PLAIN.search(text_of(answer))
    assert not ApiToken.objects.exists()
    assert not AuditEvent.objects.exists()


def test_a_token_is_revoked_on_its_page_after_a_question(page: Client, world: World) -> None:
    row, plain = made(world)
    path = f"{LIST}{row.pk}/revoke/"
    assert path in text_of(page.get(f"{LIST}{row.pk}/change/"))
    assert "Revoke this token?" in text_of(page.get(path))
    assert bearer_of(plain) is not None
    assert page.post(path).headers["Location"] == LIST
    assert bearer_of(plain) is None
    assert AuditEvent.objects.filter(action="token.revoked", user=world.operator).count() == 1
    assert path not in text_of(page.get(f"{LIST}{row.pk}/change/"))
    assert page.post(path).status_code == 403
    assert AuditEvent.objects.filter(action="token.revoked").count() == 1


def test_many_are_revoked_at_once_and_none_twice(page: Client, world: World) -> None:
    rows = [made(world)[0] for _ in range(3)]
    page.post(f"{LIST}{rows[0].pk}/revoke/")
    answer = page.post(LIST, {"action": "revoke", "_selected_action": [row.pk for row in rows]}, follow=True)
    assert "2 tokens were revoked." in text_of(answer)
    assert not ApiToken.objects.filter(revoked_at=None).exists()
    assert AuditEvent.objects.filter(action="token.revoked").count() == 3


def test_the_list_tells_live_from_revoked(page: Client, world: World) -> None:
    live, gone = made(world)[0], made(world)[0]
    page.post(f"{LIST}{gone.pk}/revoke/")
    for state, row in (("live", live), ("revoked", gone)):
        shown = page.get(LIST, {"state": state}).context["cl"].queryset
        assert [token.pk for token in shown] == [row.pk]


def test_nothing_of_a_token_is_edited_or_deleted(page: Client, world: World) -> None:
    row, _ = made(world)
    change = f"{LIST}{row.pk}/change/"
    shown = text_of(page.get(change))
    assert row.digest not in shown
    assert 'name="scope"' not in shown
    assert page.post(change, form(world, name="Other")).status_code == 403
    assert page.post(f"{LIST}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    assert ApiToken.objects.values_list("name", "scope", "revoked_at").get() == ("Till", "read", None)


def test_others_stay_outside(client: Client, world: World) -> None:
    row, plain = made(world)
    for user in (None, world.stranger, world.a.owner):
        if user:
            client.force_login(user)
        for path in (LIST, ADD, f"{LIST}{row.pk}/change/", f"{LIST}{row.pk}/revoke/"):
            assert client.get(path).status_code == 302
            assert client.post(path, form(world)).status_code == 302
    assert bearer_of(plain) is not None
    assert ApiToken.objects.count() == 1


@pytest.mark.parametrize("language", ["ar", "en"])
def test_the_pages_open_in_both_languages(page: Client, world: World, language: str) -> None:
    row, _ = made(world)
    for path in (LIST, ADD, f"{LIST}{row.pk}/change/", f"{LIST}{row.pk}/revoke/"):
        answer = page.get(path, headers={"accept-language": language})
        assert f'lang="{language}"' in answer.content.decode()
