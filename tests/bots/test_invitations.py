"""A restaurant's own people: invited by link, given roles, removed; and nobody else meddles."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from django.utils.translation import override

from bots.access import key_of
from bots.models import AuditEvent, Invitation, Membership
from bots.staffing import StaffingRefused, invite, join, remove
from tests.api_calls import at_once
from tests.world import World, make_member

pytestmark = pytest.mark.django_db
LINK = re.compile(r"http://testserver(/join/[^<]+)<")
NEW = {"first_name": "Salma", "username": "salma", "password1": "a quiet long one", "password2": "a quiet long one"}


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def text_of(response: Any) -> str:
    return html.unescape(response.content.decode())


def invited(world: World, role: str = "agent", by: User | None = None) -> Invitation:
    return invite(world.a.restaurant, "salma@example.com", role, by=by or world.a.owner, at=timezone.now())


def path_of(invitation: Invitation) -> str:
    return f"/join/{key_of(invitation)}/"


def member(user: User) -> Membership:
    return Membership.objects.get(user=user)


def manager(world: World) -> User:
    return make_member(world.a.restaurant, "manager_a", Membership.Role.MANAGER)


def test_an_owner_invites_and_the_person_joins_by_the_link(world: World) -> None:
    answer = signed_in(world.a.owner).post("/team/invite/", {"email": " Salma@Example.com ", "role": "manager"})
    path = LINK.findall(text_of(answer))[0]
    assert "no-store" in answer.headers["Cache-Control"]
    guest = Client()
    assert "Role: manager." in text_of(guest.get(path))
    assert guest.post(path, NEW).headers["Location"] == "/"
    salma = User.objects.get(username="salma")
    assert (member(salma).restaurant, member(salma).role) == (world.a.restaurant, "manager")
    assert (salma.email, salma.first_name, salma.is_staff) == ("salma@example.com", "Salma", False)
    assert salma.check_password(NEW["password1"])
    assert guest.get("/inbox/").context["request"].desk.restaurant == world.a.restaurant
    events = AuditEvent.objects.order_by("pk").values_list("action", "user__username")
    assert list(events) == [("invitation.made", "owner_a"), ("invitation.accepted", "salma")]


def test_the_link_is_shown_only_once(world: World) -> None:
    owner = signed_in(world.a.owner)
    path = LINK.findall(text_of(owner.post("/team/invite/", {"email": "salma@example.com", "role": "agent"})))[0]
    page = text_of(owner.get("/team/"))
    assert "salma@example.com" in page
    assert path not in page
    assert path not in f"{list(AuditEvent.objects.values())} {list(Invitation.objects.values())}"


def test_somebody_with_an_account_joins_with_it(world: World) -> None:
    client, path = signed_in(world.b.agent), path_of(invited(world))
    assert "Join as <bdi>agent_b</bdi>" in text_of(client.get(path))
    assert client.post(path).headers["Location"] == "/"
    assert Membership.objects.filter(user=world.b.agent).count() == 2
    assert client.get("/inbox/").context["request"].desk.restaurant == world.a.restaurant


def test_a_link_opens_once(world: World) -> None:
    path = path_of(invited(world))
    Client().post(path, NEW)
    for client in (Client(), signed_in(world.stranger)):
        assert client.get(path).status_code == 404
        assert client.post(path, {**NEW, "username": "other"}).status_code == 404
    assert not User.objects.filter(username="other").exists()
    assert not Membership.objects.filter(user=world.stranger).exists()


def test_two_who_open_it_at_once_are_not_both_let_in(world: World) -> None:
    invitation = invited(world)
    join(invitation, world.stranger, at=timezone.now())
    with pytest.raises(StaffingRefused):
        join(invitation, User(username="other"), at=timezone.now())
    assert not User.objects.filter(username="other").exists()


def too_old(world: World, invitation: Invitation) -> None:
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))


def withdrawn(world: World, invitation: Invitation) -> None:
    path = f"/team/invitations/{invitation.code}/withdraw/"
    assert signed_in(world.a.owner).post(path).headers["Location"] == "/team/"


def replaced(world: World, invitation: Invitation) -> None:
    assert key_of(invited(world)) != key_of(invitation)


def its_maker_removed(world: World, invitation: Invitation) -> None:
    make_member(world.a.restaurant, "owner_2", Membership.Role.OWNER)
    remove(member(world.a.owner), by=world.a.owner)


def its_maker_no_owner(world: World, invitation: Invitation) -> None:
    Membership.objects.filter(user=world.a.owner).update(role="agent")


def its_maker_switched_off(world: World, invitation: Invitation) -> None:
    User.objects.filter(pk=world.a.owner.pk).update(is_active=False)


def the_restaurant_switched_off(world: World, invitation: Invitation) -> None:
    type(world.a.restaurant).objects.filter(pk=world.a.restaurant.pk).update(is_active=False)


@pytest.mark.parametrize(
    "close",
    [
        too_old,
        withdrawn,
        replaced,
        its_maker_removed,
        its_maker_no_owner,
        its_maker_switched_off,
        the_restaurant_switched_off,
    ],
)
def test_a_closed_invitation_is_not_there(world: World, close: Callable[[World, Invitation], None]) -> None:
    invitation = invited(world)
    close(world, invitation)
    assert Client().get(path_of(invitation)).status_code == 404
    assert Client().post(path_of(invitation), NEW).status_code == 404
    assert not User.objects.filter(username="salma").exists()


def test_a_week_is_the_limit(world: World) -> None:
    invitation = invited(world)
    assert invitation.expires_at - invitation.created_at == timedelta(days=7)


@pytest.mark.parametrize(
    "spoil", [lambda key: key[:-1], lambda key: key.split(".")[0], lambda key: "x" + key, str.upper]
)
def test_a_forged_key_opens_nothing(world: World, spoil: Callable[[str], str]) -> None:
    key = spoil(key_of(invited(world)))
    assert Client().get(f"/join/{key}/").status_code == 404
    assert Client().post(f"/join/{key}/", NEW).status_code == 404


@pytest.mark.parametrize(
    "changes",
    [
        {"username": ""},
        {"username": "agent_a"},
        {"username": "AGENT_A"},
        {"username": "two words"},
        {"username": "x" * 151},
        {"first_name": ""},
        {"password2": "another long one"},
        {"password1": "short", "password2": "short"},
        {"password1": "1234567890", "password2": "1234567890"},
    ],
)
def test_a_wrong_form_joins_nobody(world: World, changes: dict[str, str]) -> None:
    path, before = path_of(invited(world)), User.objects.count()
    assert Client().post(path, {**NEW, **changes}).status_code == 422
    assert (User.objects.count(), Membership.objects.filter(restaurant=world.a.restaurant).count()) == (before, 2)
    assert Client().get(path).status_code == 200


def test_who_works_here_already_is_told_so(world: World) -> None:
    client, path = signed_in(world.a.agent), path_of(invited(world, "owner"))
    answer = client.post(path)
    assert answer.status_code == 422
    assert "works here already" in text_of(answer)
    assert member(world.a.agent).role == "agent"
    assert Client().get(path).status_code == 200


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"email": "no address", "role": "agent"},
        {"email": "x@example.com", "role": "king"},
        {"email": "x@example.com"},
        {"email": "AGENT_A@example.com", "role": "agent"},
    ],
)
def test_a_wrong_invitation_is_not_made(world: World, form: dict[str, str]) -> None:
    assert signed_in(world.a.owner).post("/team/invite/", form).status_code == 422
    assert not Invitation.objects.exists()
    assert not AuditEvent.objects.exists()


def doors(world: World) -> list[tuple[str, dict[str, str]]]:
    invitation, person = Invitation.objects.get(), member(world.a.agent)
    return [
        ("/team/invite/", {"email": "x@example.com", "role": "owner"}),
        (f"/team/invitations/{invitation.code}/withdraw/", {}),
        (f"/team/{person.code}/role/", {"role": "owner"}),
        (f"/team/{person.code}/remove/", {"sure": "yes"}),
    ]


def state() -> list[Any]:
    return [list(model._default_manager.order_by("pk").values()) for model in (Membership, Invitation, AuditEvent)]


def test_others_change_nothing(world: World) -> None:
    invited(world)
    callers = [(Client(), 302), (signed_in(world.stranger), 302), (signed_in(world.a.agent), 404)]
    callers += [(signed_in(manager(world)), 404), (signed_in(world.b.agent), 404)]
    before = state()
    for client, status in callers:
        for path, form in doors(world):
            assert client.post(path, form).status_code == status
    for path, form in doors(world)[1:]:
        assert signed_in(world.b.owner).post(path, form).status_code == 404
    assert state() == before


def test_the_doors_are_posts(world: World) -> None:
    invited(world)
    owner, before = signed_in(world.a.owner), state()
    for path, _ in doors(world):
        assert owner.get(path).status_code == 405
    assert owner.post("/team/").status_code == 405
    assert owner.put("/join/x/").status_code == 405
    assert state() == before


def test_a_post_without_its_csrf_token_changes_nothing(world: World) -> None:
    invited(world)
    client, before = Client(enforce_csrf_checks=True), state()
    client.force_login(world.a.owner)
    for path, form in doors(world):
        assert client.post(path, form).status_code == 403
    assert state() == before


def test_owners_and_managers_see_the_team_and_agents_do_not(world: World) -> None:
    invited(world)
    for user, changes in ((world.a.owner, True), (manager(world), False)):
        page = text_of(signed_in(user).get("/team/"))
        assert "agent_a" in page
        assert "agent_b" not in page
        assert ("/team/invite/" in page, "/remove/" in page, "/withdraw/" in page) == (changes,) * 3
        assert 'href="/team/"' in text_of(signed_in(user).get("/inbox/"))
    assert signed_in(world.a.agent).get("/team/").status_code == 404
    assert 'href="/team/"' not in text_of(signed_in(world.a.agent).get("/inbox/"))
    assert signed_in(world.stranger).get("/team/").headers["Location"] == "/"
    assert Client().get("/team/").headers["Location"].startswith("/login/")


def test_a_role_counts_in_its_own_restaurant_only(world: World) -> None:
    Membership.objects.create(user=world.a.owner, restaurant=world.b.restaurant, role="agent")
    client = signed_in(world.a.owner)
    client.post("/restaurant/", {"restaurant": str(world.b.restaurant.code)})
    assert client.get("/team/").status_code == 404
    client.post("/restaurant/", {"restaurant": str(world.a.restaurant.code)})
    assert client.get("/team/").status_code == 200


def test_an_owner_changes_a_role(world: World) -> None:
    path = f"/team/{member(world.a.agent).code}/role/"
    assert signed_in(world.a.owner).post(path, {"role": "manager"}).status_code == 302
    assert member(world.a.agent).role == "manager"
    event = AuditEvent.objects.get()
    assert (event.action, event.user, event.changes) == (
        *("membership.changed", world.a.owner),
        {"role": ["agent", "manager"]},
    )


@pytest.mark.parametrize("role", ["", "king", "Owner"])
def test_a_role_that_is_none_changes_nothing(world: World, role: str) -> None:
    path = f"/team/{member(world.a.agent).code}/role/"
    assert signed_in(world.a.owner).post(path, {"role": role}).status_code == 422
    assert member(world.a.agent).role == "agent"


def test_the_last_owner_stays(world: World) -> None:
    owner, code = signed_in(world.a.owner), member(world.a.owner).code
    Membership.objects.create(user=world.b.owner, restaurant=world.a.restaurant, role="owner")
    User.objects.filter(pk=world.b.owner.pk).update(is_active=False)
    for path, form in ((f"/team/{code}/role/", {"role": "agent"}), (f"/team/{code}/remove/", {"sure": "yes"})):
        answer = owner.post(path, form)
        assert answer.status_code == 422
        assert "at least one owner" in text_of(answer)
    assert member(world.a.owner).role == "owner"
    assert not AuditEvent.objects.exists()


def test_whoever_is_removed_is_out_at_once(world: World) -> None:
    agent = signed_in(world.a.agent)
    assert agent.get("/inbox/").status_code == 200
    path = f"/team/{member(world.a.agent).code}/remove/"
    signed_in(world.a.owner).post(path, {})
    assert agent.get("/inbox/").status_code == 200
    assert signed_in(world.a.owner).post(path, {"sure": "yes"}).headers["Location"] == "/team/"
    assert agent.get("/inbox/").headers["Location"] == "/"
    assert AuditEvent.objects.get().action == "membership.deleted"


def test_one_of_two_owners_may_go(world: World) -> None:
    make_member(world.a.restaurant, "owner_2", Membership.Role.OWNER)
    path = f"/team/{member(world.a.owner).code}/remove/"
    assert signed_in(world.a.owner).post(path, {"sure": "yes"}).headers["Location"] == "/"
    assert not Membership.objects.filter(user=world.a.owner).exists()


@pytest.mark.parametrize("language", ["ar", "en"])
def test_the_pages_speak_both_languages(world: World, language: str) -> None:
    path = path_of(invited(world))
    for client, page in (
        (signed_in(world.a.owner), "/team/"),
        (Client(), path),
        (signed_in(world.a.agent), "/account/"),
    ):
        answer = client.get(page, headers={"accept-language": language})
        assert f'<html lang="{language}"' in text_of(answer)
        assert "style=" not in text_of(answer)


def outcome(act: Callable[[], object]) -> str:
    try:
        act()
    except StaffingRefused:
        return "refused"
    return "done"


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_remove_each_other_at_once_leave_one(world: World) -> None:
    second = make_member(world.a.restaurant, "owner_2", Membership.Role.OWNER)
    pairs = [(member(second), world.a.owner), (member(world.a.owner), second)]
    said = at_once(lambda n: outcome(lambda: remove(pairs[n][0], by=pairs[n][1])), 2)
    assert sorted(said) == ["done", "refused"]
    assert Membership.objects.filter(restaurant=world.a.restaurant, role="owner").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_link_that_is_opened_by_many_at_once_lets_one_in(world: World) -> None:
    invitation = invited(world)
    people = [User(username=f"guest_{n}") for n in range(4)]
    said = at_once(lambda n: outcome(lambda: join(invitation, people[n], at=timezone.now())), 4)
    assert sorted(said) == ["done", "refused", "refused", "refused"]
    assert User.objects.filter(username__startswith="guest_").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_user_name_that_is_taken_meanwhile_is_refused_in_words(world: World) -> None:
    invitation = invited(world)
    with override("en"), pytest.raises(StaffingRefused, match="user name is taken"):
        join(invitation, User(username="agent_b"), at=timezone.now())
    invitation.refresh_from_db()
    assert invitation.accepted_at is None
