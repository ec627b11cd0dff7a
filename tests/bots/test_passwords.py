"""Passwords: changed by oneself, and set anew behind a link that an owner passes on."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from bots import second_factor
from bots.models import AuditEvent, Membership
from tests.bots.test_second_factor import with_factor
from tests.world import PASSWORD, World, make_member

pytestmark = pytest.mark.django_db
NEW = "a rather quiet word"
LINK = re.compile(r"http://testserver(/new-password/[^<]+)<")


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def text_of(response: Any) -> str:
    return html.unescape(response.content.decode())


def opens(user: User, password: str) -> bool:
    return User.objects.get(pk=user.pk).check_password(password)


def change(client: Client, old: str = PASSWORD, new: str = NEW, again: str = NEW) -> Any:
    fields = {"old_password": old, "new_password1": new, "new_password2": again}
    return client.post("/account/password/", fields)


def link_for(world: World, person: User, by: User | None = None) -> str:
    code = Membership.objects.get(user=person, restaurant=world.a.restaurant).code
    answer = signed_in(by or world.a.owner).post(f"/team/{code}/password-link/")
    assert "no-store" in answer.headers["Cache-Control"]
    return str(LINK.findall(text_of(answer))[0])


def set_anew(path: str, new: str = NEW) -> Any:
    """As a browser does: the link leads to a page without the secret in its address."""
    client = Client()
    inner = client.get(path).headers["Location"]
    assert path.split("/")[-2] not in inner
    return client.post(inner, {"new_password1": new, "new_password2": new})


def test_ones_own_password_is_changed_and_other_devices_are_out(world: World) -> None:
    here, elsewhere = signed_in(world.a.agent), signed_in(world.a.agent)
    assert change(here).status_code == 302
    assert opens(world.a.agent, NEW)
    assert "Your password is changed." in text_of(here.get("/account/"))
    assert elsewhere.get("/account/").status_code == 302
    event = AuditEvent.objects.get(action="user.password_changed")
    assert (event.user, event.changes) == (world.a.agent, {})


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"old": "not this one"}, "Your old password was entered incorrectly"),
        ({"again": "something else!"}, "didn’t match"),
        ({"new": "short", "again": "short"}, "too short"),
        ({"new": "password123", "again": "password123"}, "too common"),
        ({"new": "", "again": ""}, "This field is required"),
    ],
)
def test_a_wrong_change_is_said_and_changes_nothing(world: World, fields: dict[str, str], words: str) -> None:
    answer = change(signed_in(world.a.agent), **fields)
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert opens(world.a.agent, PASSWORD)
    assert not AuditEvent.objects.exists()


def test_nobody_changes_it_without_signing_in(world: World) -> None:
    assert change(Client()).headers["Location"].startswith("/login/")
    assert signed_in(world.a.agent).get("/account/password/").status_code == 405


def test_an_owners_link_sets_it_anew_once(world: World) -> None:
    elsewhere = signed_in(world.a.agent)
    path = link_for(world, world.a.agent)
    answer = set_anew(path)
    assert answer.headers["Location"] == "/login/"
    assert opens(world.a.agent, NEW)
    assert elsewhere.get("/inbox/").status_code == 302
    gone = Client().get(path)
    assert gone.status_code == 404
    assert "This link was used already" in text_of(gone)
    assert list(AuditEvent.objects.order_by("id").values_list("action", "user__username")) == [
        ("user.password_link", world.a.owner.username),
        ("user.password_changed", world.a.agent.username),
    ]


def test_the_second_factor_is_still_asked_for(world: World) -> None:
    with_factor(world.a.agent)
    set_anew(link_for(world, world.a.agent))
    answer = Client().post("/login/", {"username": world.a.agent.username, "password": NEW})
    assert answer.status_code == 200
    assert second_factor.is_on(world.a.agent)


def test_a_poor_password_is_refused_and_the_link_lives_on(world: World) -> None:
    path = link_for(world, world.a.agent)
    refused = set_anew(path, "short")
    assert refused.status_code == 422
    assert opens(world.a.agent, PASSWORD)
    assert set_anew(path).status_code == 302


def test_a_forged_link_opens_nothing(world: World) -> None:
    path = link_for(world, world.a.agent)
    for forged in (path[:-3] + "xx/", "/new-password/x/y/", path.replace("/new-password/", "/new-password/MQ")):
        assert Client().get(forged).status_code == 404
    passed_by = path.rsplit("/", 2)[0] + "/set-password/"
    assert Client().post(passed_by, {"new_password1": NEW, "new_password2": NEW}).status_code == 404
    assert opens(world.a.agent, PASSWORD)


def test_whoever_also_works_elsewhere_is_the_operators_business(world: World) -> None:
    """Otherwise an owner could sign in as them and see another restaurant."""
    make = {"user": world.b.agent, "restaurant": world.a.restaurant, "role": Membership.Role.AGENT}
    member = Membership.objects.create(**make)
    answer = signed_in(world.a.owner).post(f"/team/{member.code}/password-link/")
    assert answer.status_code == 422
    assert "only an operator of Sufrah" in text_of(answer)
    assert not LINK.search(text_of(answer))


@pytest.mark.parametrize("became", ["operator", "colleague elsewhere", "nobody"])
def test_a_link_dies_when_the_person_becomes_more_than_this_restaurants(world: World, became: str) -> None:
    path = link_for(world, world.a.agent)
    if became == "operator":
        User.objects.filter(pk=world.a.agent.pk).update(is_staff=True)
    elif became == "nobody":
        User.objects.filter(pk=world.a.agent.pk).update(is_active=False)
    else:
        Membership.objects.create(user=world.a.agent, restaurant=world.b.restaurant, role=Membership.Role.AGENT)
    assert Client().get(path).status_code == 404
    assert opens(world.a.agent, PASSWORD)


@pytest.mark.parametrize("who", ["agent", "manager", "stranger", "owner of b"])
def test_only_owners_make_such_links(world: World, who: str) -> None:
    people = {
        "agent": world.a.agent,
        "manager": make_member(world.a.restaurant, "manager_a", Membership.Role.MANAGER),
        "stranger": world.stranger,
        "owner of b": world.b.owner,
    }
    code = Membership.objects.get(user=world.a.agent).code
    answer = signed_in(people[who]).post(f"/team/{code}/password-link/")
    assert answer.status_code in {302, 404}
    assert not LINK.search(text_of(answer))
    assert not AuditEvent.objects.exists()
