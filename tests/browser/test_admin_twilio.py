"""The buttons that ask Twilio: what they say when all is well, when something is wrong, and without an answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from bots.models import AuditEvent, Bot
from tests.browser.conftest import Opened, Site, sticking_out
from tests.fake_account import Failure
from tests.fake_senders import FakeSender
from tests.fakes import FakeTwilio
from tests.world import ACCOUNT_A, ACCOUNT_B, NUMBER_A, NUMBER_B, SENDER_A, SENDER_B, TOKEN_A, TOKEN_B, World

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LIST = "/admin/bots/bot/"
NEW_SENDER, NEW_NUMBER = "XE" + "9" * 32, "+966508034010"
BUTTONS = ("Verify with Twilio", "Set webhooks at Twilio", "Health at Twilio")
IN_ARABIC = ("تحقّق لدى Twilio", "ضبط عناوين الاستدعاء لدى Twilio", "حال رقم الإرسال لدى Twilio")


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeTwilio]:
    with FakeTwilio() as fake:
        yield fake


@pytest.fixture(scope="module")
def own_settings(fake: FakeTwilio) -> Mapping[str, str]:
    return {"TWILIO_API_BASE_URL": fake.url, "DJANGO_SETTINGS_MODULE": "tests.browser.impatient"}


@pytest.fixture(autouse=True)
def there(world: World, fake: FakeTwilio) -> FakeSender:
    """Twilio has both senders as they are here, and nothing is known of them yet; the first of them."""
    fake.account.tokens = {ACCOUNT_A: TOKEN_A, ACCOUNT_B: TOKEN_B}
    fake.account.failures.clear()
    fake.account.calls.clear()
    fake.latency = 0
    fake.senders.rows = [FakeSender(SENDER_A, ACCOUNT_A, NUMBER_A), FakeSender(SENDER_B, ACCOUNT_B, NUMBER_B)]
    Bot.objects.update(channel=Bot.Channel.TWILIO, status=Bot.Status.PENDING)
    return fake.senders.rows[0]


@pytest.fixture
def page(opened: Opened, world: World) -> Page:
    return opened(of(world.a.bot), world.operator)


def of(bot: Bot) -> str:
    return f"{LIST}{bot.pk}/change/"


def press(page: Page, button: str) -> None:
    page.get_by_role("button", name=button).click()


def says(page: Page, *sentences: str) -> None:
    for sentence in sentences:
        expect(page.get_by_text(sentence).first).to_be_visible()


def rows() -> Any:
    """All that asking could have changed."""
    kept = Bot.objects.order_by("pk").values_list("status", "verified_at", "error_message", "updated_at")
    return list(kept), AuditEvent.objects.count()


def test_all_is_well(page: Page, world: World, site: Site, there: FakeSender) -> None:
    press(page, "Verify with Twilio")
    says(page, "Account, sender SID, number and WhatsApp Business account agree, and the sender is online.")
    assert not sticking_out(page, "verified-en")
    world.a.bot.refresh_from_db()
    assert (world.a.bot.status, world.a.bot.verified_at is not None) == ("ACTIVE", True)
    press(page, "Set webhooks at Twilio")
    says(page, "Twilio has our addresses now; they were read back and agree.")
    assert there.webhook["callback_url"].startswith(f"{site.url}/whatsapp/webhook")
    press(page, "Health at Twilio")
    expect(page.get_by_text("agrees", exact=True).first).to_be_visible()
    expect(page.get_by_text("differs", exact=True)).to_have_count(0)
    says(page, "1K Customers/24hr")
    assert not sticking_out(page, "health-en")
    page.get_by_role("link", name="Back", exact=True).click()
    expect(page).to_have_url(f"{site.url}{of(world.a.bot)}")


def test_in_arabic_on_a_phone(opened: Opened, world: World, there: FakeSender) -> None:
    there.webhook = {"callback_url": "https://old.example.com/" + "x" * 60, "callback_method": "POST"}
    page = opened(of(world.a.bot), world.operator, "ar", 390)
    for button in IN_ARABIC:
        press(page, button)
        expect(page.locator("html")).to_have_attribute("dir", "rtl")
        assert not sticking_out(page, f"asked-ar-{IN_ARABIC.index(button)}")
    expect(page.get_by_text(there.webhook["callback_url"]).first).to_be_visible()


def test_what_does_not_agree_is_said_and_kept(page: Page, world: World, there: FakeSender) -> None:
    there.waba_id, there.status = "1", "OFFLINE"
    press(page, "Verify with Twilio")
    says(page, "WhatsApp Business account is 1 at Twilio, 777730705047590 is expected.")
    says(page, "The sender is not online at Twilio: OFFLINE.")
    world.a.bot.refresh_from_db()
    assert (world.a.bot.status, world.a.bot.verified_at) == ("FAILED", None)


def test_a_wrong_token_is_said(page: Page, world: World, fake: FakeTwilio, there: FakeSender) -> None:
    fake.account.tokens[ACCOUNT_A] = TOKEN_B
    before = rows()
    for button in ("Set webhooks at Twilio", "Health at Twilio"):
        press(page, button)
        says(page, "Twilio does not accept the account SID and auth token.")
        assert rows() == before
    press(page, "Verify with Twilio")
    says(page, "Twilio does not accept this pair of account SID and auth token.")
    assert TOKEN_A not in page.content()
    assert list(Bot.objects.order_by("pk").values_list("status", flat=True)) == ["FAILED", "PENDING"]
    assert there.webhook == {}


@pytest.mark.parametrize("how", ["drop", "hang"])
def test_without_an_answer_nothing_is_concluded(page: Page, fake: FakeTwilio, there: FakeSender, how: str) -> None:
    before = rows()
    for button in BUTTONS:
        fake.fail(Failure(how, "account", seconds=5), Failure(how, "senders", seconds=5))
        press(page, button)
        says(page, "Twilio did not answer.")
        assert rows() == before
        fake.account.failures.clear()
        page.reload()
    assert there.webhook == {}


def test_two_clicks_are_one_question(page: Page, fake: FakeTwilio) -> None:
    for button in BUTTONS:
        fake.account.calls.clear()
        fake.fail(Failure("hang", "account", seconds=0.7), Failure("hang", "senders", seconds=0.7))
        # The second click comes while the first is on its way, where the browser's driver itself would wait.
        page.get_by_role("button", name=button).evaluate("(it) => { it.click(); setTimeout(() => it.click(), 200); }")
        says(page, "Twilio did not answer.")
        assert sum(fake.account.calls.values()) == 1, button
        fake.account.failures.clear()
        page.reload()


def test_an_account_offers_what_is_not_registered_yet(
    forgetful: None, opened: Opened, world: World, fake: FakeTwilio, site: Site
) -> None:
    fake.senders.rows.append(FakeSender(NEW_SENDER, ACCOUNT_A, NEW_NUMBER, name="Sufrah & Sons"))
    page = opened(LIST, world.operator)
    page.get_by_role("link", name="Senders of an account…").click()
    page.locator("[name=account_sid]").fill(ACCOUNT_A)
    page.locator("[name=auth_token]").fill(TOKEN_B)
    press(page, "Ask Twilio")
    says(page, "Twilio does not accept this pair of account SID and auth token.")
    expect(page.locator("[name=account_sid]")).to_have_value(ACCOUNT_A)
    expect(page.locator("[name=auth_token]")).to_have_value("")
    assert TOKEN_B not in page.content()
    page.locator("[name=auth_token]").fill(TOKEN_A)
    press(page, "Ask Twilio")
    says(page, "Sufrah & Sons", "+966 50 803 4010")
    assert SENDER_A not in page.content()
    assert TOKEN_A not in page.content()
    assert not sticking_out(page, "offered-en")
    page.get_by_role("link", name="Register…").click()
    expect(page.locator("#id_sender_sid")).to_have_value(NEW_SENDER)
    expect(page.locator("#id_account_sid")).to_have_value(ACCOUNT_A)
    expect(page.locator("#id_auth_token")).to_have_value("")
    page.locator("#id_restaurant_name").fill("Sufrah")
    page.locator("#id_auth_token").fill(TOKEN_A)
    page.locator("[name=_save]").click()
    expect(page).to_have_url(re.compile(rf"{LIST}\d+/change/$"))
    assert Bot.objects.get(sender_sid=NEW_SENDER).whatsapp_number == NEW_NUMBER


def test_an_account_that_cannot_be_asked_is_said(opened: Opened, world: World, fake: FakeTwilio) -> None:
    page = opened(f"{LIST}at-twilio/", world.operator, "ar", 390)
    fake.fail(Failure("drop", "account"))
    page.locator("[name=account_sid]").fill(ACCOUNT_A)
    page.locator("[name=auth_token]").fill(TOKEN_A)
    page.locator("[name=auth_token]").press("Enter")
    says(page, "لم تردّ Twilio")
    assert TOKEN_A not in page.content()
    assert not sticking_out(page, "not-asked-ar")
