"""A place in a list, or a year, that somebody wrote into an address: nobody else's row, and never a 500."""

from __future__ import annotations

from urllib.parse import quote
from uuid import uuid4

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import DateField, Model
from django.test import Client
from django.utils import timezone

from bots.moments import moment_in
from tests.api_calls import Furniture, furnished
from tests.world import World

YEARS = [
    "0001-01-01T00:00:00+14:00",
    "0001-12-31T00:00:00+00:00",
    "9999-12-31T23:59:59-12:00",
    "9999-01-01T00:00:00+00:00",
]
ODD = [
    *YEARS,
    "0000-01-01T00:00:00+00:00",
    "10000-01-01T00:00:00+00:00",
    "2026-03-14",
    "2026-03-14T12:00:00",
    "",
    "x",
    "\0",
]


@pytest.fixture
def a(world: World) -> Furniture:
    return furnished(world.a)


@pytest.fixture
def b(world: World) -> Furniture:
    return furnished(world.b)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def places(rows: Furniture) -> list[str]:
    """As the pages write them."""
    message = rows.conversation.messages.get()
    at = quote(timezone.now().isoformat())
    inbox = [f"/inbox/?{name}={at}~{rows.conversation.code}" for name in ("before", "until")]
    orders = [
        f"/orders/?show={show}&{name}={rows.order.code}" for name in ("before", "until") for show in ("all", "open")
    ]
    thread = [f"/inbox/{{conversation}}/?{name}={message.code}" for name in ("before", "since")]
    return [*inbox, *orders, *thread]


def test_a_place_of_another_restaurant_is_not_there(world: World, a: Furniture, b: Furniture) -> None:
    client = signed_in(world.a.agent)
    for own, theirs in zip(places(a), places(b), strict=True):
        assert client.get(own.format(**a.codes)).status_code == 200, own
        assert client.get(theirs.format(**a.codes)).status_code == 404, theirs


def test_a_place_that_is_nobodys_is_not_there_either(world: World, a: Furniture) -> None:
    client = signed_in(world.a.agent)
    for path in places(a):
        nowhere = path.format(**a.codes).rpartition("~" if "~" in path else "=")
        for code in (uuid4(), "x", "%00"):
            assert client.get(f"{nowhere[0]}{nowhere[1]}{code}").status_code == 404, path


def test_who_works_for_both_sees_each_for_itself(world: World, a: Furniture, b: Furniture) -> None:
    """The list is one restaurant's, and so are its places."""
    world.b.restaurant.memberships.create(user=world.a.agent, role="agent")
    client = signed_in(world.a.agent)
    here = f"/orders/?show=all&restaurant={world.a.restaurant.code}"
    assert client.get(f"{here}&before={a.order.code}").status_code == 200
    assert client.get(f"{here}&before={b.order.code}").status_code == 404


@pytest.mark.parametrize("moment", ODD)
def test_a_year_that_no_clock_shows_is_no_place(world: World, a: Furniture, moment: str) -> None:
    with pytest.raises(ValueError):
        moment_in(moment)
    client = signed_in(world.a.agent)
    for name in ("before", "until"):
        assert client.get(f"/inbox/?{name}={quote(moment)}~{a.conversation.code}").status_code == 404


def test_a_moment_is_the_same_in_every_zone() -> None:
    assert moment_in("2026-03-14T15:00:00+03:00") == moment_in("2026-03-14T12:00:00Z")
    assert moment_in("0002-01-01T00:00:00+14:00").year == 1
    assert moment_in("9998-12-31T23:59:59-12:00").year == 9999


KINDS = list(admin.site._registry)


def dates_of(kind: type[Model]) -> list[str]:
    return [field.name for field in kind._meta.get_fields() if isinstance(field, DateField)]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind._meta.label)
def test_no_year_in_an_address_breaks_a_list_of_the_admin(world: World, a: Furniture, kind: type[Model]) -> None:
    client = signed_in(world.operator)
    wrongs = ["__year=0", "__year=10000", "__year=" + "9" * 20, "__year=9999", "__year=0001"]
    wrongs += ["__gte=0001-01-01", "__lt=9999-12-31", "__gte=0001-01-01 00:00:00%2B14:00", "__date=9999-12-31"]
    for name in dates_of(kind)[:1]:
        day = [
            f"__year={year}&{name}__month={month}&{name}__day={day}" for year, month, day in ((9999, 12, 31), (1, 1, 1))
        ]
        for wrong in (*wrongs, *day):
            answer = client.get(f"/admin/{kind._meta.app_label}/{kind._meta.model_name}/?{name}{wrong}")
            assert answer.status_code in (200, 302, 400), wrong
            if answer.status_code == 302:
                assert answer["Location"].endswith("?e=1"), wrong
