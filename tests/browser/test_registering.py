"""An operator registers the known senders, a customer writes to each, and each restaurant sees its own alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.utils import translation
from django.utils.translation import gettext
from playwright.sync_api import Page, expect

from bots.models import Bot, Membership
from conversations.models import Conversation
from tests.browser.conftest import Opened, Site, served, sticking_out
from tests.browser.test_inbox import SOON, bubbles, is_live
from tests.fakes import FakeTwilio
from tests.processes import house
from tests.world import PASSWORD, World

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LIST = "/admin/bots/bot/"
SUFRAH, OCEAN = "+966508034010", "+966502045939"
ACCOUNTS = {SUFRAH: "AC" + "5" * 32, OCEAN: "AC" + "6" * 32}
TOKENS = {SUFRAH: "aaaabbbbccccddddeeeeffff00001111", OCEAN: "99998888777766665555444433332222"}


@pytest.fixture
def fake() -> Iterator[FakeTwilio]:
    with FakeTwilio(callbacks=["sent", "delivered", "read"]) as fake:
        fake.account.tokens = {ACCOUNTS[number]: TOKENS[number] for number in ACCOUNTS}
        yield fake


@pytest.fixture
def site(world: World, fake: FakeTwilio, tmp_path: Path) -> Iterator[Site]:
    """With a worker in the web process: what the bot says is on the pages at once, without Redis."""
    with served(house, tmp_path, {"TWILIO_API_BASE_URL": fake.url}) as site:
        yield site


def sign_in(page: Page) -> None:
    page.locator("[name=username]").fill("operator")
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[name=password]").press("Enter")
    expect(page.locator("#result_list")).to_be_visible()


def fill_in(page: Page, quick: str, number: str) -> None:
    page.get_by_role("button", name=quick).click()
    expect(page.locator("#id_account_sid")).to_be_focused()
    page.locator("#id_account_sid").fill(ACCOUNTS[number])
    page.locator("#id_auth_token").fill(TOKENS[number])


def fill_in_by_keyboard(page: Page, quick: str, number: str) -> None:
    page.get_by_role("button", name=quick).focus()
    page.keyboard.press("Space")
    expect(page.locator("#id_account_sid")).to_be_focused()
    page.keyboard.type(ACCOUNTS[number])
    page.keyboard.press("Tab")
    expect(page.locator("#id_auth_token")).to_be_focused()
    page.keyboard.type(TOKENS[number])


def agent_of(number: str) -> User:
    bot = Bot.objects.select_related("restaurant").get(whatsapp_number=number)
    person = User.objects.create_user(f"agent of {bot.name}", password=PASSWORD)
    Membership.objects.create(user=person, restaurant=bot.restaurant)
    return person


def register(page: Page, quick: str, number: str, *, by_keyboard: bool = False) -> None:
    (fill_in_by_keyboard if by_keyboard else fill_in)(page, quick, number)
    if by_keyboard:
        page.keyboard.press("Enter")
    else:
        page.locator("[name=_save]").click()
    expect(page).to_have_url(re.compile(rf"{LIST}\d+/change/$"))


def test_two_senders_are_registered_and_their_restaurants_never_meet(
    opened: Opened, site: Site, fake: FakeTwilio
) -> None:
    fake.callbacks_to = site.url
    page = opened(LIST)
    sign_in(page)
    page.get_by_role("link", name="Register a sender").click()
    assert not sticking_out(page, "register-en")
    register(page, "Sufrah", SUFRAH)
    assert not sticking_out(page, "next-steps-en")
    arabic = opened(LIST, User.objects.get(username="operator"), "ar", 390)
    arabic.goto(f"{site.url}{LIST}add/")
    assert not sticking_out(arabic, "register-ar")
    register(arabic, "Ocean", OCEAN, by_keyboard=True)
    assert not sticking_out(arabic, "next-steps-ar")
    for seen in (page, arabic):
        seen.goto(f"{site.url}{LIST}")
        expect(seen.locator("#result_list")).to_contain_text("+966 50 803 4010")
        expect(seen.locator("#result_list")).to_contain_text("+966 50 204 5939")
        for token in TOKENS.values():
            assert token not in seen.content()
    assert not sticking_out(page, "senders-en")
    assert not sticking_out(arabic, "senders-ar")

    sufrah, ocean = (Bot.objects.select_related("restaurant").get(whatsapp_number=number) for number in ACCOUNTS)
    desks = {bot: opened("/inbox/", agent_of(bot.whatsapp_number)) for bot in (sufrah, ocean)}
    for desk in desks.values():
        is_live(desk)
    site.customer_writes(sufrah, "Good evening", "+966541112223", "Omar", TOKENS[SUFRAH])
    site.customer_writes(ocean, "Good morning", "+966541112224", "Layla", TOKENS[OCEAN])
    customers = {sufrah: ("Omar", "Good evening", "541112223"), ocean: ("Layla", "Good morning", "541112224")}
    for bot, desk in desks.items():
        expect(desk.locator("#rows .name")).to_have_text([customers[bot][0]], timeout=SOON)
        desk.locator("#rows .line").click()
        expect(bubbles(desk).first).to_have_text(customers[bot][1])
        expect(desk.locator(".message.bot .text")).to_have_count(1, timeout=SOON)
        expect(desk.locator(".message.bot .tick")).to_contain_text("read", timeout=SOON)
        assert not sticking_out(desk, f"desk-{customers[bot][0]}")
    for bot, other in ((sufrah, ocean), (ocean, sufrah)):
        desk, theirs = desks[bot], Conversation.objects.get(bot=other)
        expect(desk.locator("#rows .line")).to_have_count(1)
        for word in customers[other]:
            assert word not in desk.content()
        answer = desk.goto(f"{site.url}/inbox/{theirs.code}/")
        assert answer
        assert answer.status == 404
        for word in customers[other]:
            assert word not in desk.content()
    assert {(sent.sender, sent.to) for sent in fake.sent} == {
        (f"whatsapp:{SUFRAH}", "whatsapp:+966541112223"),
        (f"whatsapp:{OCEAN}", "whatsapp:+966541112224"),
    }


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_number_that_is_taken_is_refused_and_what_was_typed_stays(
    opened: Opened, world: World, language: str
) -> None:
    Bot.objects.filter(pk=world.a.bot.pk).update(channel=Bot.Channel.TWILIO)
    page = opened(f"{LIST}add/", world.operator, language)
    fill_in(page, "Sufrah", SUFRAH)
    page.locator("#id_whatsapp_number").fill("٠٥٠ ٠٠٠ ٠١٠١")
    page.locator("[name=_save]").click()
    with translation.override(language):
        says = gettext("“%(name)s” already has this number.") % {"name": world.a.bot.name}
    expect(page.get_by_text(says)).to_be_visible()
    expect(page.locator("#id_whatsapp_number")).to_have_value("٠٥٠ ٠٠٠ ٠١٠١")
    expect(page.locator("#id_name")).to_have_value("Sufrah Bot")
    expect(page.locator("#id_restaurant_name")).to_have_value("Sufrah")
    expect(page.locator("#id_account_sid")).to_have_value(ACCOUNTS[SUFRAH])
    expect(page.locator("#id_auth_token")).to_have_value("")
    assert TOKENS[SUFRAH] not in page.content()
    assert not sticking_out(page, f"refused-{language}")
    assert Bot.objects.count() == 2
