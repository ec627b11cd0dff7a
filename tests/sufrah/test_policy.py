"""What browsers may run on our pages: every page says it, and no page of ours needs more."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpResponseBase
from django.test import Client

from tests.doors import paths
from tests.inbox import make_outbound
from tests.orders.test_views import make_order
from tests.twilio_posts import post, text_from
from tests.world import TOKEN_A, World

HEADER = "Content-Security-Policy"
# A script, a style or a handler that stands in the page itself, and what htmx would have to compile.
_INLINE = re.compile(
    r"""<script(?![^>]*\ssrc=)(?![^>]*type="application/json")[^>]*>|<style\b|<[a-z][^<>]*?\s(?:style|on[a-z]+)\s*="""
    r"""|hx-on|javascript:|["']js:|hx-trigger="[^"]*\[""",
    re.IGNORECASE,
)


LEADS_AWAY = "/admin/password_change/"  # to the account's page, which is under the strict policy as this answer is


def policy_of(answer: HttpResponseBase) -> dict[str, set[str]]:
    """Each directive with what it allows."""
    parts = (part.split() for part in answer[HEADER].split(";"))
    return {name: set(sources) for name, *sources in parts}


def written() -> Iterator[tuple[str, str]]:
    """All files that pages are made of."""
    for folder, ending in (("templates", "*.html"), ("bots", "*.py"), ("conversations", "*.py"), ("orders", "*.py")):
        for file in (settings.BASE_DIR / folder).rglob(ending):
            yield str(file.relative_to(settings.BASE_DIR)), re.sub(r"{[%{].*?[%}]}", "", file.read_text())


def test_nothing_stands_inline_in_what_pages_are_made_of() -> None:
    files = dict(written())
    assert len(files) > 60
    assert [(name, found) for name, text in files.items() for found in _INLINE.findall(text)] == []


def signed_in(user: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


def doors(world: World) -> Iterator[tuple[str, Client, str]]:
    """Of the staff, the customers' phone and the docs, for an owner and for nobody, read and written; of the operators,
    read by one of them."""
    order = make_order(world.a)
    assert order.conversation
    message = make_outbound(order.conversation, status="failed", error_code="63016")
    codes = [order.conversation.code, message.code, order.code, world.a.bot.code]
    owner, nobody, operator = signed_in(world.a.owner), Client(raise_request_exception=False), signed_in(world.operator)
    for path in paths(codes, without=("admin/", "api/", "logout", "account/sign-out", "healthz", "readyz")):
        yield from ((path, caller, method) for caller in (owner, nobody) for method in ("get", "post"))
    for path in paths([order.pk], without=("admin/logout", "api/")):
        if path.startswith("/admin/"):
            yield path, operator, "get"
    yield "/api/docs/", nobody, "get"
    yield "/nothing/here/", nobody, "get"


@pytest.mark.django_db
def test_every_page_carries_the_policy(world: World) -> None:
    """What a browser would show is under the policy, the pages of the operators under theirs; no page of ours would be
    broken by it."""
    pages = 0
    for path, caller, method in doors(world):
        answer = getattr(caller, method)(path)
        if not answer.get("Content-Type", "").startswith("text/html"):
            assert HEADER not in answer, path
            continue
        pages += 1
        allowed, is_admin = policy_of(answer), path.startswith("/admin/") and path != LEADS_AWAY
        assert allowed["object-src"] == allowed["base-uri"] == allowed["frame-ancestors"] == {"'none'"}, path
        assert allowed["script-src"] == {"'self'", *(["'unsafe-eval'"] if is_admin else [])}, path
        assert allowed["style-src"] == {"'self'", *(["'unsafe-inline'"] if is_admin else [])}, path
        assert is_admin or not _INLINE.search(answer.content.decode()), path
    assert pages > 150


@pytest.mark.django_db
def test_the_policy_is_strict(world: World, client: Client) -> None:
    allowed = policy_of(client.get("/login/"))
    assert allowed == {
        "default-src": {"'self'"},
        "script-src": {"'self'"},
        "style-src": {"'self'"},
        "img-src": {"'self'", "data:"},
        "connect-src": {"'self'", re.sub("^http", "ws", settings.PUBLIC_BASE_URL)},
        "object-src": {"'none'"},
        "frame-src": {"'none'"},
        "frame-ancestors": {"'none'"},
        "form-action": {"'self'"},
        "base-uri": {"'none'"},
    }


@pytest.mark.django_db
def test_the_admin_is_as_strict_as_its_theme_allows(world: World) -> None:
    here, there = policy_of(Client().get("/login/")), policy_of(signed_in(world.operator).get("/admin/"))
    more = {name: there[name] - here[name] for name in there if there[name] != here[name]}
    assert more == {"script-src": {"'unsafe-eval'"}, "style-src": {"'unsafe-inline'"}}


@pytest.mark.django_db
def test_pictures_of_a_restaurant_are_shown_in_the_simulator(world: World) -> None:
    page = signed_in(world.operator).get("/simulator/", follow=True)
    assert policy_of(page)["img-src"] == {"'self'", "data:", "https:"}
    assert policy_of(page)["script-src"] == policy_of(page)["style-src"] == {"'self'"}


@pytest.mark.django_db(transaction=True)
def test_twilio_and_other_systems_are_told_no_policy(world: World, client: Client) -> None:
    """What they read is never run, and their doors are the busy ones."""
    told = post(text_from("+966508034010", world.a.bot, "Hello"), TOKEN_A)
    assert told.status_code == 200
    for answer in (told, client.get("/api/db/conversations")):
        assert HEADER not in answer
        assert answer["X-Content-Type-Options"] == "nosniff"
