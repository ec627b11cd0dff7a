"""Operators invite people to any restaurant; the link is shown once and opens once."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from bots.access import key_of
from bots.models import AuditEvent, Invitation, Membership
from bots.staffing import invite
from tests.world import World

pytestmark = pytest.mark.django_db
DOOR = "/admin/bots/invitation/"
LINK = re.compile(r'value="http://testserver(/join/[^"]+)"')
NEW = {"first_name": "Salma", "username": "salma", "password1": "a quiet long one", "password2": "a quiet long one"}


@pytest.fixture
def page(world: World, client: Client) -> Client:
    client.force_login(world.operator)
    return client


def text_of(response: Any) -> str:
    return html.unescape(response.content.decode())


def asked(world: World, **changes: str) -> dict[str, str]:
    return {"restaurant": str(world.a.restaurant.pk), "email": "Salma@Example.com", "role": "owner", **changes}


def made(world: World, by: User | None = None) -> Invitation:
    return invite(world.a.restaurant, "salma@example.com", "owner", by=by or world.operator, at=timezone.now())


def test_the_first_owner_of_a_restaurant_comes_by_an_operators_link(world: World, page: Client) -> None:
    answer = page.post(f"{DOOR}add/", asked(world))
    path = LINK.findall(text_of(answer))[0]
    assert "no-store" in answer.headers["Cache-Control"]
    assert Client().post(path, NEW).headers["Location"] == "/"
    member = Membership.objects.get(user__username="salma")
    assert (member.restaurant, member.role) == (world.a.restaurant, "owner")
    assert Client().get(path).status_code == 404
    event = AuditEvent.objects.get(action="invitation.made")
    assert (event.user, event.restaurant) == (world.operator, world.a.restaurant)


def test_the_link_is_on_no_other_page(world: World, page: Client) -> None:
    page.post(f"{DOOR}add/", asked(world))
    key = key_of(Invitation.objects.get())
    for address in (DOOR, f"{DOOR}{Invitation.objects.get().pk}/change/", "/admin/bots/auditevent/"):
        answer = page.get(address)
        assert answer.status_code == 200
        assert key not in text_of(answer)


def test_the_restaurants_page_leads_there_with_the_restaurant_chosen(world: World, page: Client) -> None:
    restaurant = world.a.restaurant
    assert "Invite somebody…" in text_of(page.get(f"/admin/bots/restaurant/{restaurant.pk}/change/"))
    answer = page.get(f"/admin/bots/restaurant/{restaurant.pk}/invite/", follow=True)
    assert answer.status_code == 200
    assert re.search(rf'<option value="{restaurant.pk}" selected', text_of(answer))
    assert '<option value="owner" selected' in text_of(answer)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"email": "no address"}, "Enter a valid email address."),
        ({"restaurant": "0"}, "Select a valid choice."),
        ({"role": "king"}, "Select a valid choice."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_made(
    world: World, page: Client, changes: dict[str, str], words: str
) -> None:
    assert words in text_of(page.post(f"{DOOR}add/", asked(world, **changes)))
    assert not Invitation.objects.exists()


def test_who_works_there_already_is_not_invited(world: World, page: Client) -> None:
    User.objects.filter(pk=world.a.agent.pk).update(email="agent@example.com")
    answer = page.post(f"{DOOR}add/", asked(world, email="agent@example.com"), follow=True)
    assert "This person works here already." in text_of(answer)
    assert not Invitation.objects.exists()


def test_withdrawn_it_opens_nothing_and_says_so(world: World, page: Client) -> None:
    invitation = made(world)
    assert "Open" in text_of(page.get(DOOR))
    answer = page.post(DOOR, {"action": "withdraw_chosen", "_selected_action": [invitation.pk]}, follow=True)
    assert "1 invitation was withdrawn." in text_of(answer)
    assert "Withdrawn" in text_of(answer)
    assert Client().get(f"/join/{key_of(invitation)}/").status_code == 404


@pytest.mark.parametrize("gone", [{"is_active": False}, {"is_staff": False}])
def test_a_link_of_somebody_who_is_no_operator_any_more_is_dead(
    world: World, page: Client, gone: dict[str, bool]
) -> None:
    other = User.objects.create_user("second", password="x" * 12, is_staff=True)
    invitation = made(world, by=other)
    path = f"/join/{key_of(invitation)}/"
    assert Client().get(path).status_code == 200
    User.objects.filter(pk=other.pk).update(**gone)
    assert Client().get(path).status_code == 404
    assert "Over" in text_of(page.get(DOOR))


@pytest.mark.parametrize("who", ["owner", "agent"])
def test_the_restaurants_people_have_no_business_here(world: World, who: str) -> None:
    client = Client()
    client.force_login(getattr(world.a, who))
    assert client.post(f"{DOOR}add/", asked(world)).status_code == 302
    assert not Invitation.objects.exists()


def test_an_operator_who_may_only_look_cannot_invite(world: World) -> None:
    looker = User.objects.create_user("looker", password="x" * 12, is_staff=True)
    looker.user_permissions.add(*Permission.objects.filter(codename__startswith="view_"))
    client = Client()
    client.force_login(looker)
    assert client.post(f"{DOOR}add/", asked(world)).status_code == 403
    assert client.get(f"/admin/bots/restaurant/{world.a.restaurant.pk}/invite/").status_code == 403
    assert not Invitation.objects.exists()
