"""The second factor set up by hand, its recovery codes kept, and the sign-in that asks to wait."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from bots.models import RecoveryCode
from tests.browser.conftest import Opened, Site, sticking_out
from tests.browser.test_team import code_of, sign_in
from tests.world import World

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PICTURES = os.environ.get("PICTURES", "")


def fits(page: Page, picture: str) -> bool:
    """At a small phone's width and a desktop's. Kept under this name with PICTURES=folder."""
    page.set_viewport_size({"width": 360, "height": 800})
    too_wide = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{picture}-360.png", full_page=True)
    return not too_wide and not sticking_out(page, picture)


@pytest.mark.parametrize("language", ["ar", "en"])
def test_recovery_codes_are_kept_and_open_once(opened: Opened, site: Site, world: World, language: str) -> None:
    page = opened("/account/", world.a.agent, language, 360)
    page.locator("form[action$='/second-factor/'] button").click()
    expect(page.locator(".picture svg")).to_be_visible()
    expect(page.locator(".link")).to_be_visible()
    assert fits(page, f"factor-begun-{language}")
    page.locator("form[action$='/confirm/'] [name=code]").fill(code_of(world.a.agent, -30))
    page.locator("form[action$='/confirm/'] button").click()
    expect(page.locator("#codes li")).to_have_count(10)
    expect(page.locator("[data-print]")).to_be_visible()
    codes = page.locator("#codes li").all_inner_texts()
    assert fits(page, f"recovery-codes-{language}")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator("[data-copy]").click()
    expect(page.locator("[data-copy]")).to_have_text("نُسخت" if language == "ar" else "Copied")
    assert page.evaluate("navigator.clipboard.readText()") == "\n".join(codes)
    page.locator("section a.button").click()
    expect(page.locator("#codes")).to_have_count(0)
    assert fits(page, f"factor-on-{language}")
    door = opened("/login/", None, language, 360)
    assert fits(door, f"login-{language}")
    sign_in(door, "agent_a", code=codes[0])
    expect(door).to_have_url(f"{site.url}/inbox/")
    assert RecoveryCode.objects.filter(used_at=None).count() == 9
    door.goto(f"{site.url}/account/")
    expect(door.locator("form[action$='/recovery-codes/']")).to_be_visible()
    assert fits(door, f"factor-used-{language}")


@pytest.mark.parametrize("language", ["ar", "en"])
def test_who_must_wait_reads_so_at_both_doors(opened: Opened, world: World, language: str) -> None:
    door = opened("/login/", None, language, 360)
    for _ in range(5):
        sign_in(door, "agent_a", "guess-work")
    expect(door.locator("[role=alert]")).to_be_visible()
    assert fits(door, f"wait-{language}")
    door.locator(".actions a").click()
    sign_in(door, "owner_a", "guess-work")
    expect(door.locator("#refused")).to_be_visible()
    assert fits(door, f"refused-{language}")
    admin = opened("/admin/login/", None, language, 360)
    admin.locator("[name=username]").fill("operator")
    admin.locator("[name=password]").fill("guess-work")
    admin.locator("#login-form button[type=submit]").click()
    assert fits(admin, f"admin-refused-{language}")
