"""Rights over accounts: given by superusers, and no way round them for operators who may change people."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client

from bots.models import AuditEvent, Membership
from tests.bots.test_admin_people import inline
from tests.bots.test_passwords import LINK, NEW, opens, set_anew, signed_in, text_of
from tests.bots.test_second_factor import with_factor
from tests.world import PASSWORD, World, make_member

pytestmark = pytest.mark.django_db
RIGHTS = ["auth.add_user", "auth.change_user", "auth.delete_user", "auth.view_user", "auth.change_group"]


@pytest.fixture
def helper(world: World) -> User:
    """An operator who may change people, and is no superuser."""
    person = User.objects.create_user("helper", "helper@example.com", PASSWORD, is_staff=True)
    for right in RIGHTS:
        app, codename = right.split(".")
        person.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    return person


@pytest.fixture
def colleague(world: World) -> User:
    return User.objects.create_user("colleague", "colleague@example.com", PASSWORD, is_staff=True)


def form_of(person: User, **changes: str) -> dict[str, str]:
    fields = {
        "username": person.username,
        "first_name": "",
        "last_name": "",
        "email": person.email,
        "is_active": "on",
        "date_joined_0": "2026-01-01",
        "date_joined_1": "10:00:00",
        **inline("memberships"),
    }
    return {**fields, **({"is_staff": "on"} if person.is_staff else {}), **changes}


def change(client: Client, person: User, **changes: str) -> Any:
    return client.post(f"/admin/auth/user/{person.pk}/change/", form_of(person, **changes))


def row_of(person: User) -> tuple[object, ...]:
    fresh = User.objects.get(pk=person.pk)
    return (
        *(fresh.username, fresh.email, fresh.password, fresh.is_active, fresh.is_staff, fresh.is_superuser),
        *fresh.groups.values_list("pk"),
        *fresh.user_permissions.order_by("pk").values_list("pk"),
    )


@pytest.mark.parametrize("whose", ["their own", "an agent's"])
def test_nobody_makes_a_superuser_by_ticking_a_box(world: World, helper: User, whose: str) -> None:
    person = helper if whose == "their own" else world.a.agent
    group = Group.objects.create(name="all")
    before = row_of(person)
    ticked = {"is_superuser": "on", "is_staff": "on", "groups": str(group.pk)}
    ticked |= {"user_permissions": str(Permission.objects.earliest("pk").pk)}
    answer = change(signed_in(helper), person, **ticked, last_name="Changed")
    assert answer.status_code == 302
    assert row_of(person) == before
    assert User.objects.get(pk=person.pk).last_name == "Changed", "what they may change is changed"


def test_a_new_person_is_no_operator_whatever_was_posted(world: World, helper: User) -> None:
    fields = {"username": "made", "password1": NEW, "password2": NEW, "usable_password": "true"}
    forged = {"is_superuser": "on", "is_staff": "on", "groups": "1", "user_permissions": "1"}
    signed_in(helper).post("/admin/auth/user/add/", {**fields, **forged, **inline("memberships")})
    made = User.objects.get(username="made")
    assert (made.is_staff, made.is_superuser, made.user_permissions.count()) == (False, False, 0)


@pytest.mark.parametrize("whose", ["operator", "colleague"])
def test_operators_are_out_of_reach_of_those_who_are_no_superusers(
    world: World, helper: User, colleague: User, whose: str
) -> None:
    target = world.operator if whose == "operator" else colleague
    with_factor(target)
    client, before = signed_in(helper), row_of(target)
    password = {"password1": NEW, "password2": NEW, "usable_password": "true"}
    place = f"/admin/auth/user/{target.pk}"
    chosen = {"_selected_action": [str(target.pk), str(world.a.agent.pk)]}
    tried = [
        change(client, target, email="mine@example.com", is_active=""),
        client.post(f"{place}/password/", password),
        client.post(f"{place}/password/", {"usable_password": "false", "unset-password": "1"}),
        client.post(f"{place}/delete/", {"post": "yes"}),
        *(
            client.post("/admin/auth/user/", {**chosen, "action": action, "post": "yes"})
            for action in ("delete_selected", "end_second_factor", "sign_out")
        ),
    ]
    assert [answer.status_code for answer in tried] == [403] * len(tried)
    assert row_of(target) == before
    assert User.objects.filter(pk=world.a.agent.pk).exists(), "all of the chosen or none"
    assert not AuditEvent.objects.exclude(action="second_factor.on").exists()
    for page in ("change", "history"):
        assert client.get(f"{place}/{page}/").status_code == 200, "they are seen"


def test_groups_give_rights_and_are_the_superusers(world: World, helper: User) -> None:
    group = Group.objects.create(name="helpers")
    helper.groups.add(group)
    client = signed_in(helper)
    every = [str(pk) for pk in Permission.objects.values_list("pk", flat=True)]
    place = f"/admin/auth/group/{group.pk}"
    assert client.post(f"{place}/change/", {"name": "helpers", "permissions": every}).status_code == 403
    assert client.post("/admin/auth/group/add/", {"name": "mine", "permissions": every}).status_code == 403
    assert client.post(f"{place}/delete/", {"post": "yes"}).status_code == 403
    assert group.permissions.count() == 0


def test_they_do_their_work_for_people_of_restaurants(world: World, helper: User) -> None:
    client = signed_in(helper)
    password = {"password1": NEW, "password2": NEW, "usable_password": "true"}
    assert client.post(f"/admin/auth/user/{world.a.agent.pk}/password/", password).status_code == 302
    assert opens(world.a.agent, NEW)
    assert change(client, world.a.agent, email="new@example.com").status_code == 302
    assert User.objects.get(pk=world.a.agent.pk).email == "new@example.com"


def test_superusers_give_and_take_rights(world: World, colleague: User) -> None:
    group = Group.objects.create(name="helpers")
    assert change(signed_in(world.operator), colleague, is_superuser="on", groups=str(group.pk)).status_code == 302
    assert User.objects.get(pk=colleague.pk).is_superuser
    assert list(colleague.groups.all()) == [group]


def made_link(world: World, by: User) -> str:
    code = Membership.objects.get(user=world.a.agent).code
    return str(LINK.findall(text_of(signed_in(by).post(f"/team/{code}/password-link/")))[0])


LOST = ["removed", "lowered", "deactivated", "deleted", "the restaurant closed", "the person left"]


def lose(world: World, maker: User, how: str) -> None:
    theirs = Membership.objects.filter(user=maker)
    if how == "removed":
        theirs.delete()
    elif how == "lowered":
        theirs.update(role=Membership.Role.MANAGER)
    elif how == "deactivated":
        User.objects.filter(pk=maker.pk).update(is_active=False)
    elif how == "deleted":
        maker.delete()
    elif how == "the restaurant closed":
        world.a.restaurant.is_active = False
        world.a.restaurant.save(update_fields=["is_active"])
    else:
        Membership.objects.filter(user=world.a.agent).delete()


@pytest.mark.parametrize("how", LOST)
def test_a_password_link_dies_with_its_makers_right(world: World, how: str) -> None:
    maker = make_member(world.a.restaurant, "second_owner", Membership.Role.OWNER)
    path = made_link(world, maker)
    lose(world, maker, how)
    assert Client().get(path).status_code == 404
    assert opens(world.a.agent, PASSWORD)


@pytest.mark.parametrize("how", LOST)
def test_a_link_that_was_opened_is_asked_again_when_it_is_used(world: World, how: str) -> None:
    maker = make_member(world.a.restaurant, "second_owner", Membership.Role.OWNER)
    client = Client()
    inner = client.get(made_link(world, maker)).headers["Location"]
    assert client.get(inner).status_code == 200
    lose(world, maker, how)
    answer = client.post(inner, {"new_password1": NEW, "new_password2": NEW})
    assert answer.status_code == 404
    assert opens(world.a.agent, PASSWORD)
    assert not AuditEvent.objects.filter(action="user.password_changed").exists()


def test_the_right_of_another_restaurant_does_not_count(world: World) -> None:
    maker = make_member(world.a.restaurant, "second_owner", Membership.Role.OWNER)
    path = made_link(world, maker)
    Membership.objects.filter(user=maker).update(restaurant=world.b.restaurant)
    assert Client().get(path).status_code == 404


def test_the_log_says_whose_link_it_was(world: World) -> None:
    set_anew(made_link(world, world.a.owner))
    event = AuditEvent.objects.get(action="user.password_changed")
    assert event.changes == {"link_made_by": [None, "owner_a"]}
