"""Webhooks and API tokens in the operators' pages: secrets shown once, deliveries seen and repeated, keys revoked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request

import pytest
from django.utils import timezone, translation
from django.utils.translation import gettext
from playwright.sync_api import Page, expect

from bots.hooks import endpoints
from bots.hooks.delivery import deliver
from bots.hooks.models import HookEndpoint
from bots.live import announce
from bots.models import ApiToken, Restaurant
from tests.browser.conftest import Opened, Site, direct, sticking_out
from tests.receiver import Receiver
from tests.world import World

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
HOOKS, DELIVERIES, TOKENS = (f"/admin/bots/{name}/" for name in ("hookendpoint", "hookdelivery", "apitoken"))


@pytest.fixture(scope="module")
def own_settings() -> Mapping[str, str]:
    return {"HOOKS_ALLOW_LOOPBACK": "1"}


@pytest.fixture(autouse=True)
def here(settings: Any) -> None:
    settings.HOOKS_ALLOW_LOOPBACK = True


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as found:
        yield found


def fill_in(page: Page, world: World, url: str) -> None:
    """The restaurant comes from a list that is searched while one types."""
    names = (world.a.restaurant.name, world.a.restaurant.name_ar)
    page.locator(".field-restaurant .select2-selection").click()
    page.locator(".select2-search__field").last.fill(names[0])
    page.locator(".select2-results__option", has_text=re.compile("|".join(names))).click()
    page.locator("#id_url").fill(url)
    page.locator("[name=events][value='order.created']").check()
    page.locator("[name=_save]").click()


def run(page: Page, action: str) -> None:
    """An action of the list, on its first row."""
    page.locator("#result_list [name=_selected_action]").first.check()
    page.locator("select[name=action]").select_option(action)
    page.locator("button[name=index]").click()


def told(world: World, hook: HookEndpoint, after: timedelta = timedelta()) -> None:
    """An order is placed, and a worker delivers what is due `after` this."""
    announce("order.created", Restaurant.objects.get(pk=world.a.restaurant.pk), 1, orderId="x")
    delivered(hook, after)


def delivered(hook: HookEndpoint, after: timedelta = timedelta()) -> None:
    at = timezone.now() + after
    deliver(hook.pk, lambda: at)


def is_nowhere(secret: str, page: Page, *paths: str) -> None:
    for path in paths:
        page.goto(path)
        assert secret not in page.content(), path


def test_a_webhook_from_its_secret_to_a_delivery_by_hand(
    forgetful: None, opened: Opened, site: Site, world: World, receiver: Receiver
) -> None:
    page = opened(f"{HOOKS}add/", world.operator)
    fill_in(page, world, "https://10.0.0.7/sufrah")
    expect(page.get_by_text("This address is not on the public internet.")).to_be_visible()
    expect(page.locator("#id_url")).to_have_value("https://10.0.0.7/sufrah")
    assert not HookEndpoint.objects.exists()
    page.locator("#id_url").fill(f"{receiver.url}/sufrah")
    page.locator("[name=_save]").click()
    expect(page.get_by_text("It is shown this one time.")).to_be_visible()
    hook, secret = HookEndpoint.objects.get(), page.locator("code").inner_text()
    assert hook.secret.reveal() == secret
    assert not sticking_out(page, "hook-made-en")
    is_nowhere(
        secret, page, site.url + HOOKS, f"{site.url}{HOOKS}{hook.pk}/change/", f"{site.url}/admin/bots/auditevent/"
    )

    receiver.answers = [(503, b"not now"), (200, b"thank you")]
    told(world, hook)
    delivered(hook, timedelta(minutes=1))
    page.goto(site.url + DELIVERIES)
    page.locator("#result_list tbody a").first.click()
    for words in ("503", "not now", "thank you"):
        expect(page.get_by_text(words).first).to_be_visible()
    assert not sticking_out(page, "hook-attempts-en")
    page.goto(site.url + DELIVERIES)
    run(page, "deliver_again")
    expect(page.get_by_text("1 delivery is sent again.")).to_be_visible()
    delivered(hook, timedelta(minutes=1))
    assert len(receiver.calls) == 3
    assert len({call.body for call in receiver.calls}) == 1


def test_a_webhook_that_failed_for_days_is_off_and_says_why(
    opened: Opened, site: Site, world: World, receiver: Receiver
) -> None:
    hook, _secret = endpoints.register(world.a.restaurant, receiver.url, ["order.created"], by=None)
    HookEndpoint.objects.update(failing_since=timezone.now() - timedelta(days=4))
    receiver.answers = [(500, b"broken")]
    told(world, hook)
    page = opened(HOOKS, world.operator)
    expect(page.locator("#result_list .field-state")).to_have_text("off")
    page.goto(f"{site.url}{HOOKS}{hook.pk}/change/")
    expect(page.get_by_text("switched off: nothing but failures for three days")).to_be_visible()
    assert not sticking_out(page, "hook-off-en")
    page.goto(site.url + DELIVERIES)
    run(page, "deliver_again")
    expect(page.get_by_text("Its webhook is off, or it is on its way already.")).to_be_visible()
    page.goto(site.url + HOOKS)
    run(page, "turn_on")
    expect(page.get_by_text("1 webhook was switched.")).to_be_visible()
    expect(page.locator("#result_list .field-state")).to_have_text("on")


def test_a_token_is_shown_once_and_revoked_in_arabic_on_a_phone(
    forgetful: None, opened: Opened, site: Site, world: World
) -> None:
    page = opened(f"{TOKENS}add/", world.operator, "ar", 390)
    page.locator("#id_name").fill("نقطة البيع")
    page.locator("#id_restaurant").select_option(str(world.a.restaurant.pk))
    page.locator("[name=_save]").click()
    shown = page.locator("input[readonly]")
    expect(shown).to_have_value(re.compile(r"sfr_[\w-]{43}"))
    plain, token = shown.input_value(), ApiToken.objects.get()
    assert not sticking_out(page, "token-ar")
    asked = Request(f"{site.url}/api/conversations", headers={"Authorization": f"Bearer {plain}"})
    with direct.open(asked) as answer:
        assert answer.status == 200
    is_nowhere(plain, page, site.url + TOKENS, f"{site.url}{TOKENS}{token.pk}/change/")
    page.goto(f"{site.url}{TOKENS}{token.pk}/revoke/")
    assert not sticking_out(page, "token-revoke-ar")
    with translation.override("ar"):
        page.get_by_role("button", name=gettext("Revoke")).click()
    expect(page).to_have_url(site.url + TOKENS)
    with pytest.raises(HTTPError, match="401"):
        direct.open(asked)
    page.goto(f"{site.url}{HOOKS}add/")
    fill_in(page, world, "https://192.168.1.5/")
    expect(page.get_by_text("هذا العنوان ليس على الإنترنت العام.")).to_be_visible()
    page.locator("#id_url").fill("https://till.example.com/" + "long/" * 20)
    page.locator("[name=_save]").click()
    expect(page.locator("code")).to_have_text(HookEndpoint.objects.get().secret.reveal())
    assert not sticking_out(page, "hook-made-ar")
