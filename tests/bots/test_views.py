"""Sign-in, the way in, and the restaurant on the screen."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from bots.hooks.models import HookEndpoint
from bots.models import Membership, Restaurant
from tests.api_calls import furnished
from tests.world import PASSWORD, World, make_member

pytestmark = pytest.mark.django_db


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_sign_in_leads_to_the_inbox(world: World) -> None:
    client = Client()
    answer = client.post("/login/", {"username": "agent_a", "password": PASSWORD}, follow=True)
    assert [hop[0] for hop in answer.redirect_chain] == ["/", "/inbox/"]
    assert answer.status_code == 200


def test_sign_in_page_speaks_both_languages(world: World) -> None:
    english = Client().get("/login/", headers={"accept-language": "en"}).content.decode()
    arabic = Client().get("/login/", headers={"accept-language": "ar"}).content.decode()
    assert '<html lang="en" dir="ltr">' in english
    assert "Sign in" in english
    assert '<html lang="ar" dir="rtl">' in arabic
    assert "تسجيل الدخول" in arabic


def test_language_can_be_changed_before_the_sign_in(world: World) -> None:
    client = Client()
    answer = client.post("/i18n/setlang/", {"language": "ar", "next": "/login/?next=/orders/"})
    assert answer.headers["Location"] == "/login/?next=/orders/"
    assert 'dir="rtl"' in client.get("/login/").content.decode()


@pytest.mark.parametrize("password", ["guess-work", PASSWORD.upper()])
def test_wrong_password_is_said_in_words_and_the_name_is_kept(world: World, password: str) -> None:
    client = Client()
    answer = client.post("/login/", {"username": "agent_a", "password": password})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "The user name, the password or the code is wrong." in page
    assert 'value="agent_a"' in page
    assert password not in page
    assert "_auth_user_id" not in client.session


def test_somebody_without_an_account_any_more_stays_outside(world: World) -> None:
    User.objects.filter(pk=world.a.agent.pk).update(is_active=False)
    answer = Client().post("/login/", {"username": "agent_a", "password": PASSWORD})
    assert "The user name, the password or the code is wrong." in answer.content.decode()


@pytest.mark.parametrize(
    ("wanted", "reached"),
    [("/orders/", "/orders/"), ("https://evil.example/", "/"), ("//evil.example/", "/"), ("javascript:alert(1)", "/")],
)
def test_next_stays_in_the_house(world: World, wanted: str, reached: str) -> None:
    form = {"username": "agent_a", "password": PASSWORD, "next": wanted}
    assert Client().post("/login/", form).headers["Location"] == reached


def test_sign_in_needs_the_csrf_token(world: World) -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/login/", {"username": "agent_a", "password": PASSWORD})
    assert answer.status_code == 403
    assert "The page was too old" in answer.content.decode()


def test_whoever_is_signed_in_skips_the_sign_in(world: World) -> None:
    assert signed_in(world.a.agent).get("/login/").headers["Location"] == "/"


def test_sign_out_is_a_post(world: World) -> None:
    client = signed_in(world.a.agent)
    assert client.get("/logout/").status_code == 405
    assert "_auth_user_id" in client.session
    assert client.post("/logout/").headers["Location"] == "/login/"
    assert "_auth_user_id" not in client.session


def test_home_leads_each_to_their_place(world: World) -> None:
    assert Client().get("/").headers["Location"] == "/login/"
    assert signed_in(world.a.agent).get("/").headers["Location"] == "/inbox/"


def test_a_person_without_a_restaurant_is_told_what_to_do(world: World) -> None:
    page = signed_in(world.stranger).get("/").content.decode()
    assert "Ask the owner of your restaurant" in page
    assert "/admin/" not in page


def test_an_operator_is_led_to_the_administration(world: World) -> None:
    assert 'href="/admin/"' in signed_in(world.operator).get("/").content.decode()


def test_a_restaurant_that_is_closed_down_is_no_place_to_work(world: World) -> None:
    world.a.restaurant.is_active = False
    world.a.restaurant.save(update_fields=["is_active"])
    assert signed_in(world.a.agent).get("/inbox/").headers["Location"] == "/"


def in_both(world: World) -> User:
    user = make_member(world.a.restaurant, "both", Membership.Role.AGENT)
    Membership.objects.create(user=user, restaurant=world.b.restaurant)
    return user


def test_a_person_of_two_restaurants_switches(world: World) -> None:
    client = signed_in(in_both(world))
    assert client.get("/inbox/").context["request"].desk.restaurant == world.b.restaurant, "the first by name"
    answer = client.post("/restaurant/", {"restaurant": str(world.a.restaurant.code), "next": "/orders/"})
    assert answer.headers["Location"] == "/orders/"
    assert client.get("/inbox/").context["request"].desk.restaurant == world.a.restaurant


def test_the_switch_does_not_lead_out_of_the_house(world: World) -> None:
    form = {"restaurant": str(world.a.restaurant.code), "next": "https://evil.example/"}
    assert signed_in(world.a.agent).post("/restaurant/", form).headers["Location"] == "/inbox/"


@pytest.mark.parametrize("code", ["", "nonsense", None])
def test_the_switch_refuses_what_is_not_theirs(world: World, code: str | None) -> None:
    client = signed_in(world.a.agent)
    wanted = str(world.b.restaurant.code) if code is None else code
    assert client.post("/restaurant/", {"restaurant": wanted}).status_code == 404
    assert "restaurant" not in client.session


def test_the_switch_is_a_post_of_somebody_signed_in(world: World) -> None:
    assert signed_in(world.a.agent).get("/restaurant/").status_code == 405
    assert Client().post("/restaurant/", {}).headers["Location"].startswith("/login/")


def test_a_restaurant_chosen_once_gives_way_when_one_no_longer_works_there(world: World) -> None:
    user = in_both(world)
    client = signed_in(user)
    client.post("/restaurant/", {"restaurant": str(world.a.restaurant.code)})
    Membership.objects.filter(user=user, restaurant=world.a.restaurant).delete()
    assert client.get("/inbox/").context["request"].desk.restaurant == world.b.restaurant


def test_pages_of_the_desk_are_kept_nowhere_and_carry_no_inline_script(world: World) -> None:
    answer = signed_in(world.a.agent).get("/inbox/")
    page = answer.content.decode()
    assert "no-store" in answer.headers["Cache-Control"]
    assert page.count("<script") == page.count("<script src=")
    assert " onclick=" not in page
    assert "style=" not in page


def test_a_page_that_is_not_there_says_so(world: World) -> None:
    answer = Client().get("/nowhere/")
    assert answer.status_code == 404
    assert "This page does not exist" in answer.content.decode()


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../etc/passwd"])
def test_a_time_zone_that_nobody_knows_does_not_close_the_inbox(world: World, name: str) -> None:
    Restaurant.objects.update(timezone=name)
    assert signed_in(world.a.agent).get("/inbox/").status_code == 200


@pytest.mark.parametrize(("who", "is_told"), [("owner", True), ("agent", False)])
def test_owners_are_told_that_a_system_of_theirs_hears_nothing_any_more(world: World, who: str, is_told: bool) -> None:
    hook, words = furnished(world.a).hook, "has not answered for three days"
    client = signed_in(getattr(world.a, who))
    assert words not in client.get("/inbox/").content.decode()
    HookEndpoint.objects.filter(pk=hook.pk).update(is_active=False, off_reason=HookEndpoint.Off.FAILING)
    assert (words in client.get("/inbox/").content.decode()) is is_told
    assert words not in signed_in(world.b.owner).get("/inbox/").content.decode()
    HookEndpoint.objects.filter(pk=hook.pk).update(off_reason=HookEndpoint.Off.BY_HAND)
    assert words not in client.get("/orders/").content.decode()
