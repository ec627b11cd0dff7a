"""Every list and every form of the operators, once in Arabic, on a desktop and on a phone."""

from __future__ import annotations

import re

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from bots.hooks import endpoints
from bots.hooks.models import HookAttempt, HookDelivery
from bots.models import Membership
from bots.staffing import invite
from bots.tokens import create_token
from sessions_state.models import BotSession
from tests.browser.conftest import Opened, sticking_out
from tests.inbox import make_inbound, make_outbound
from tests.orders.test_views import make_order
from tests.world import World

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
START = "/admin/"


@pytest.fixture
def full(world: World) -> World:
    """Something of every kind that operators see."""
    order = make_order(world.a)
    assert order.conversation
    make_inbound(order.conversation, "A" * 300)
    make_outbound(order.conversation, status="failed", error_code="63016")
    BotSession.objects.create(
        conversation=order.conversation, restaurant=world.a.restaurant, state={"cart": ["x" * 300]}
    )
    create_token("Till", world.a.restaurant, "read", world.operator)
    hook, _secret = endpoints.register(
        world.a.restaurant, f"https://till.example.com/{'long/' * 30}", ["message.created"], by=world.operator
    )
    now = timezone.now()
    delivery = HookDelivery.objects.create(
        endpoint=hook, event="message.created", data={"x": "y" * 300}, tries_left=3, due_at=now, created_at=now
    )
    HookAttempt.objects.create(delivery=delivery, number=1, at=now, milliseconds=9, problem="slow", excerpt="z" * 200)
    Group.objects.create(name="Night shift")
    invite(world.a.restaurant, f"{'long' * 12}@example.com", Membership.Role.AGENT, by=world.a.owner, at=now)
    return world


def paths_on(page: Page) -> list[str]:
    """Where its links lead inside the operators' pages, without what follows a question mark."""
    links: list[str] = page.evaluate("[...document.querySelectorAll('a[href]')].map((a) => new URL(a.href).pathname)")
    return [path for path in links if path.startswith(START)]


def kind_of(path: str) -> str:
    """One row of each kind is enough, and the history and the deletion of one row: they are everywhere the same."""
    everywhere = re.search(r"/\d+/(history|delete)/$", path)
    return everywhere[1] if everywhere else re.sub(r"/\d+/", "/1/", path)


def test_every_page_in_arabic_on_a_desktop_and_on_a_phone(opened: Opened, full: World) -> None:
    page = opened(START, full.operator, "ar")
    complaints: list[str] = []
    page.on(
        "console",
        lambda line: complaints.append(f"{line.text} {page.url}") if line.type in ("error", "warning") else None,
    )
    page.on("response", lambda answer: complaints.append(answer.url) if answer.status >= 400 else None)
    site, waiting, known = page.url.split(START)[0], [START], {START}
    while waiting:
        path = waiting.pop(0)
        page.goto(site + path)
        expect(page.locator("html")).to_have_attribute("dir", "rtl")
        complaints += sticking_out(page, "admin-ar" + path.replace("/", "-"))
        for found in paths_on(page):
            if kind_of(found) not in known:
                known.add(kind_of(found))
                waiting.append(found)
    assert not complaints, "\n".join(complaints)
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        assert reverse(f"{name}_changelist") in known
        if row := model._default_manager.first():
            assert kind_of(reverse(f"{name}_change", args=[row.pk])) in known
