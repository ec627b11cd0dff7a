"""The operators' start page, the next steps of a new sender, and what a restaurant lacks, seen in a browser."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from bots.models import Bot
from bots.registration import register
from orders.models import Item
from tests.browser.conftest import Opened, sticking_out
from tests.inbox import make_conversation, make_inbound, make_outbound
from tests.world import World

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def troubled(world: World) -> Bot:
    talk = make_conversation(world.a, needs_attention=True)
    make_inbound(talk, at=timezone.now() - timedelta(minutes=5))
    make_outbound(talk, status="failed", error_code="63016")
    Bot.objects.filter(pk=world.b.bot.pk).update(status="FAILED")
    Item.objects.filter(restaurant=world.b.restaurant).update(is_available=False)
    return register(
        by=world.operator,
        name="New Bot",
        restaurant_name="A restaurant that is new",
        whatsapp_number="+966508034019",
        account_sid="AC" + "1" * 32,
        auth_token="a" * 32,
    )


@pytest.mark.parametrize("language", ["en", "ar"])
def test_the_pages_say_what_is_wrong_and_what_comes_next(opened: Opened, world: World, language: str) -> None:
    bot = troubled(world)
    page = opened("/admin/", world.operator, language)
    expect(page.locator(".overview section")).to_have_count(3)
    expect(page.locator(".overview .bad")).not_to_have_count(0)
    wide = sticking_out(page, f"overview-{language}")
    base = page.url.split("/admin/")[0]
    for name, path in {
        "steps": f"/admin/bots/bot/{bot.pk}/change/",
        "senders": "/admin/bots/bot/",
        "restaurant": f"/admin/bots/restaurant/{world.b.restaurant.pk}/change/",
        "restaurants": "/admin/bots/restaurant/",
    }.items():
        page.goto(base + path)
        wide += sticking_out(page, f"{name}-{language}")
    assert wide == []


@pytest.mark.parametrize("language", ["en", "ar"])
def test_staff_are_told_in_their_dashboard(opened: Opened, world: World, language: str) -> None:
    troubled(world)
    page = opened("/inbox/", world.b.owner, language)
    expect(page.locator(".notices li.error")).to_be_visible()
    assert sticking_out(page, f"desk-lacks-{language}") == []
