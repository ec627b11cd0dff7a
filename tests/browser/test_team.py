"""An owner's team: invited by a link, given another role, signed out everywhere; and the code from an app."""

from __future__ import annotations

import re
from datetime import timedelta

import pyotp
import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect

from bots.models import Membership, SecondFactor
from tests.browser.conftest import Opened, Site, sticking_out
from tests.world import PASSWORD, World

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
NEW_PASSWORD = "a quiet morning in Riyadh"


def sign_in(page: Page, name: str, password: str = PASSWORD, code: str = "") -> None:
    page.locator("[name=username]").fill(name)
    page.locator("[name=password]").fill(password)
    page.locator("[name=code]").fill(code)
    page.locator("button.main").click()


def code_of(person: User, seconds: int = 0) -> str:
    """What the app shows now, or a little later."""
    key = SecondFactor.objects.get(user=person).key.reveal()
    return pyotp.TOTP(key).at(timezone.now() + timedelta(seconds=seconds))


def test_somebody_is_invited_joins_and_gets_another_role(opened: Opened, site: Site, world: World) -> None:
    owner = opened("/team/", world.a.owner, "ar", 390)
    assert not sticking_out(owner, "team-ar")
    owner.locator("[name=email]").fill("huda@example.com")
    owner.locator("section:has([name=email]) button.main").click()
    link = owner.locator(".link").inner_text()
    assert link.startswith(f"{site.url}/join/")
    assert not sticking_out(owner, "team-link-ar")
    owner.goto(f"{site.url}/team/")
    expect(owner.get_by_text("huda@example.com")).to_be_visible()
    assert link not in owner.content()

    newcomer = opened(link.removeprefix(site.url), None, "ar", 390)
    assert not sticking_out(newcomer, "join-ar")
    newcomer.locator("[name=first_name]").fill("هدى")
    newcomer.locator("[name=username]").fill("huda")
    newcomer.locator("[name=password1]").fill(NEW_PASSWORD)
    newcomer.locator("[name=password2]").fill("something else entirely")
    newcomer.locator("button.main").click()
    expect(newcomer.locator(".bad")).to_be_visible()
    assert not sticking_out(newcomer, "join-refused-ar")
    newcomer.locator("[name=password1]").fill(NEW_PASSWORD)
    newcomer.locator("[name=password2]").fill(NEW_PASSWORD)
    newcomer.locator("button.main").click()
    expect(newcomer).to_have_url(f"{site.url}/inbox/")
    answer = opened("/", None).goto(link)
    assert answer
    assert answer.status == 404

    member = Membership.objects.get(user__username="huda")
    assert (member.restaurant, member.role) == (world.a.restaurant, Membership.Role.AGENT)
    refused = newcomer.goto(f"{site.url}/team/")
    assert refused
    assert refused.status == 404
    owner.reload()
    theirs = owner.locator(".people li", has_text="هدى")
    theirs.locator("[name=role]").select_option(Membership.Role.MANAGER)
    theirs.locator("form:has([name=role]) button").click()
    expect(owner.locator(".people li", has_text="هدى").locator("[name=role]")).to_have_value(Membership.Role.MANAGER)
    newcomer.goto(f"{site.url}/team/")
    expect(newcomer.locator(".people li")).to_have_count(3)
    expect(newcomer.locator("[name=role], [name=email]")).to_have_count(0)


def test_the_last_owner_stays_an_owner(opened: Opened, world: World) -> None:
    page = opened("/team/", world.a.owner)
    own = page.locator(".people li", has_text="owner_a")
    own.locator("[name=role]").select_option(Membership.Role.AGENT)
    own.locator("form:has([name=role]) button").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert not sticking_out(page, "last-owner")
    assert Membership.objects.get(user=world.a.owner).role == Membership.Role.OWNER


def test_signing_out_everywhere_ends_every_sign_in(opened: Opened, site: Site, world: World) -> None:
    here, elsewhere = (opened("/account/", world.a.agent, "ar", 390) for _ in range(2))
    colleague = opened("/account/", world.a.owner)
    assert not sticking_out(here, "account-ar")
    here.locator("form[action='/account/sign-out-everywhere/'] button").click()
    expect(here).to_have_url(re.compile("/login/"))
    elsewhere.goto(f"{site.url}/inbox/")
    expect(elsewhere).to_have_url(re.compile("/login/"))
    colleague.goto(f"{site.url}/inbox/")
    expect(colleague).to_have_url(f"{site.url}/inbox/")


def test_a_second_factor_is_set_up_and_then_asked_for(opened: Opened, site: Site, world: World) -> None:
    page = opened("/account/", world.a.agent)
    page.locator("form[action='/account/second-factor/'] button").click()
    expect(page.locator(".picture svg")).to_be_visible()
    assert not sticking_out(page, "factor-en")
    page.locator("[name=code]").fill("000000" if code_of(world.a.agent) != "000000" else "111111")
    page.locator("form[action='/account/second-factor/confirm/'] button").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.locator("[name=code]").fill(code_of(world.a.agent))
    page.locator("form[action='/account/second-factor/confirm/'] button").click()
    expect(page.locator("#codes li")).to_have_count(10)
    page.locator("section a.button").click()
    expect(page.locator("form[action='/account/second-factor/off/']")).to_be_visible()
    assert not sticking_out(page, "factor-on-en")

    door = opened("/login/")
    sign_in(door, "agent_a")
    expect(door.get_by_role("alert")).to_be_visible()
    assert not sticking_out(door, "login-code-en")
    code = code_of(world.a.agent, 30)  # the one of the set-up counts no more
    sign_in(door, "agent_a", code=code)
    expect(door).to_have_url(f"{site.url}/inbox/")
    another = opened("/login/")
    sign_in(another, "agent_a", code=code)
    expect(another.get_by_role("alert")).to_be_visible()
