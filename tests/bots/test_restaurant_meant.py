"""Two tabs of one person who works for two restaurants: what a page does, it does in the restaurant that it shows."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from bots.models import AuditEvent, Invitation, Membership
from bots.urls import urlpatterns
from conversations.models import Message
from orders.models import Order
from tests.bots.test_admin_people import ordered
from tests.inbox import make_conversation
from tests.world import House, World, make_member

pytestmark = pytest.mark.django_db
FORM = re.compile(r'<form[^>]* method="post"[^>]*action="(/team/[^"]+)"[^>]*>(.*?)</form>', re.S)
FIELD = re.compile(r'name="restaurant" value="([^"]+)"')


@pytest.fixture
def both(world: World) -> User:
    """Owner of both restaurants; B comes first by name."""
    user = make_member(world.a.restaurant, "both", Membership.Role.OWNER)
    Membership.objects.create(user=user, restaurant=world.b.restaurant, role=Membership.Role.OWNER)
    return user


@pytest.fixture
def tabs(both: User) -> Client:
    """All tabs of a browser share one session."""
    client = Client()
    client.force_login(both)
    return client


def switch(tab: Client, house: House) -> None:
    assert tab.post("/restaurant/", {"restaurant": house.restaurant.code}).status_code == 302


def shown(tab: Client, path: str, **headers: str) -> object:
    return tab.get(path, headers=headers).context["request"].desk.restaurant


def named(house: House) -> dict[str, str]:
    return {"restaurant": str(house.restaurant.code)}


def test_an_invitation_lands_in_the_restaurant_of_its_own_tab(world: World, tabs: Client) -> None:
    switch(tabs, world.a)
    page = tabs.get("/team/").content.decode()
    fields = {action: FIELD.findall(inner) for action, inner in FORM.findall(page)}
    switch(tabs, world.b)
    form = {"email": "new@example.com", "role": "owner", "restaurant": fields["/team/invite/"][0]}
    assert tabs.post("/team/invite/", form).context["request"].desk.restaurant == world.a.restaurant
    assert Invitation.objects.get().restaurant == world.a.restaurant
    assert AuditEvent.objects.get(action="invitation.made").restaurant == world.a.restaurant


def test_every_form_of_the_team_says_whose_it_is(world: World, tabs: Client) -> None:
    tabs.post("/team/invite/", {"email": "new@example.com", "role": "agent", **named(world.a)})
    page = tabs.get("/team/", named(world.a)).content.decode()
    forms = FORM.findall(page)
    assert len(forms) >= 8
    assert all(FIELD.findall(inner) == [str(world.a.restaurant.code)] for _action, inner in forms)


def test_the_teams_posts_are_all_tried_here() -> None:
    posts = {str(row.name) for row in urlpatterns if str(row.pattern).startswith("team/") and row.name != "team"}
    assert posts == {"invite_staff", *OF_A_MEMBER, "withdraw_invitation"}


OF_A_MEMBER = {
    "change_role": {"role": "owner"},
    "password_link": {},
    "remove_staff": {"sure": "yes"},
}


@pytest.mark.parametrize("name", OF_A_MEMBER)
@pytest.mark.parametrize("says", ["nothing", "the other", "two", "a stranger's"])
def test_a_post_that_means_another_restaurant_changes_nothing(world: World, tabs: Client, name: str, says: str) -> None:
    switch(tabs, world.a)
    member = Membership.objects.get(user=world.a.agent)
    address = reverse(name, args=[member.code])
    nowhere = "00000000-0000-4000-8000-000000000000"
    fields = {
        "nothing": {},
        "the other": named(world.b),
        "two": named(world.a),
        "a stranger's": {"restaurant": nowhere},
    }
    if says == "two":
        address += f"?restaurant={world.b.restaurant.code}"
    before = AuditEvent.objects.count()
    assert tabs.post(address, {**OF_A_MEMBER[name], **fields[says]}).status_code == 404
    assert Membership.objects.get(pk=member.pk).role == "agent"
    assert AuditEvent.objects.count() == before


def test_an_invitation_that_names_no_restaurant_or_another_is_not_made(world: World, tabs: Client) -> None:
    form = {"email": "new@example.com", "role": "owner"}
    assert tabs.post("/team/invite/", form).status_code == 404
    assert tabs.post("/team/invite/", {**form, "restaurant": "nonsense"}).status_code == 404
    tabs.post("/team/invite/", {**form, **named(world.a)})
    made = Invitation.objects.get()
    address = reverse("withdraw_invitation", args=[made.code])
    for fields in ({}, named(world.b)):
        assert tabs.post(address, fields).status_code == 404
    made.refresh_from_db()
    assert made.revoked_at is None
    assert tabs.post(address, named(world.a)).headers["Location"] == f"/team/?restaurant={world.a.restaurant.code}"


def test_whoever_left_meanwhile_changes_nothing_elsewhere(world: World, tabs: Client, both: User) -> None:
    """The page was made for A; now the person works for B alone."""
    Membership.objects.filter(user=both, restaurant=world.a.restaurant).delete()
    form = {"email": "new@example.com", "role": "owner", **named(world.a)}
    assert tabs.post("/team/invite/", form).status_code == 404
    assert not Invitation.objects.exists()


def test_no_page_that_is_only_looked_at_switches(world: World, tabs: Client) -> None:
    switch(tabs, world.a)
    talk, order = make_conversation(world.b), ordered(world)
    switch(tabs, world.b)
    assert shown(tabs, f"/orders/{order.code}/") == world.a.restaurant
    assert shown(tabs, "/inbox/") == world.b.restaurant
    switch(tabs, world.a)
    assert shown(tabs, f"/inbox/{talk.code}/") == world.b.restaurant
    assert shown(tabs, f"/inbox/?restaurant={world.b.restaurant.code}") == world.b.restaurant
    assert shown(tabs, "/inbox/") == world.a.restaurant


def test_the_pages_of_a_tab_lead_to_pages_of_its_restaurant(world: World, tabs: Client) -> None:
    """The search sends the form around it, which says it."""
    switch(tabs, world.a)
    talk = make_conversation(world.b)
    for path in (f"/inbox/{talk.code}/", f"/orders/?restaurant={world.b.restaurant.code}"):
        page = tabs.get(path).content.decode()
        links = re.findall(r'(?:href|hx-get)="(/(?:inbox|orders|team)/(?:\?[^"]*)?)"(?! hx-include)', page)
        assert len(links) > 8
        assert [link for link in links if f"restaurant={world.b.restaurant.code}" not in link] == []


def test_fragments_are_of_the_restaurant_of_their_page(world: World, tabs: Client) -> None:
    switch(tabs, world.b)
    code = str(world.a.restaurant.code)
    asked = {"HX-Request": "true", "HX-Target": "rows", "Sufrah-Restaurant": code}
    assert shown(tabs, "/inbox/", **asked) == world.a.restaurant
    assert shown(tabs, "/orders/", **{**asked, "HX-Target": "board"}) == world.a.restaurant


@pytest.mark.parametrize("act", ["reply", "take-over", "hand-back", "mark-read"])
def test_a_conversation_is_answered_from_its_own_restaurants_page(world: World, tabs: Client, act: str) -> None:
    """Its code says whose it is; a page of another restaurant that posts to it is refused."""
    switch(tabs, world.b)
    talk = make_conversation(world.a, unread_count=1)
    path = f"/inbox/{talk.code}/{act}/"
    wrong = tabs.post(path, {"text": "Hello"}, headers={"Sufrah-Restaurant": str(world.b.restaurant.code)})
    assert wrong.status_code == 404
    talk.refresh_from_db()
    assert (talk.unread_count, talk.is_bot_active, Message.objects.count()) == (1, True, 0)
    right = tabs.post(path, {"text": "Hello"})
    assert right.headers["Location"] == f"/inbox/{talk.code}/?restaurant={world.a.restaurant.code}"
    assert Message.objects.filter(restaurant=world.b.restaurant).count() == 0


@pytest.mark.parametrize(("act", "fields"), [("advance", {"status": "accepted"}), ("cancel", {"sure": "yes"})])
def test_an_order_moves_from_its_own_restaurants_page(
    world: World, tabs: Client, act: str, fields: dict[str, str]
) -> None:
    order = ordered(world)
    path = f"/orders/{order.code}/{act}/"
    assert tabs.post(path, {**fields, **named(world.b)}).status_code == 404
    assert Order.objects.get().status == "placed"
    assert tabs.post(path, fields).status_code == 302
    assert Order.objects.get().status != "placed"


def test_whoever_works_for_one_restaurant_needs_no_words_about_it(world: World) -> None:
    client = Client()
    client.force_login(world.a.owner)
    page = client.get("/inbox/").content.decode()
    assert "?restaurant=" not in page
    assert client.post("/team/invite/", {"email": "new@example.com", "role": "agent"}).status_code == 200
    assert Invitation.objects.get().restaurant == world.a.restaurant
