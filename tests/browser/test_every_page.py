"""Every page at every width, in both languages, with long names of both scripts: nothing is wider than the screen, axe
finds no fault, and the browser has nothing to complain of, least of all of what the policy forbids."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from bots import passwords
from bots.access import key_of
from bots.models import Bot
from bots.staffing import invite
from conversations.content import Buttons, Choice, Content, Listing, body_of, kind_of, to_json
from conversations.handoff import take_over
from conversations.models import Conversation
from orders.models import Order
from tests.browser.conftest import Opened
from tests.browser.walk import faults, too_wide
from tests.inbox import make_conversation, make_inbound, make_outbound
from tests.orders.test_views import make_order
from tests.world import World

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(400)]
LANGUAGES = ("en", "ar")
NAME_AR = "عبدالرحمن بن عبدالعزيز بن محمد العتيبي القحطاني الشمري من حي الملك فهد بالرياض"
NAME_EN = "Maximiliane-Alexandrina of the Extraordinarily Long and Winding Upper Olaya Road"
ONE_WORD = "Donaudampfschifffahrtselektrizitaetenhauptbetriebswerkbauunterbeamtengesellschaft"
CHOICES = tuple(
    Choice(f"c:{n}", f"الخيار رقم {n} كبير", "Chicken, garlic sauce and pickles, with fries") for n in range(3)
)


@dataclass
class Walker:
    """Goes from page to page and keeps what was wrong with them. `complaints` are the browser's own."""

    page: Page
    with_axe: bool = True
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", lambda line: self._heard(line.text) if line.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self._heard(str(error)))

    def _heard(self, complaint: str) -> None:
        self.wrong.append(f"{self.page.url}: {complaint}")

    def goes(self, path: str, name: str) -> None:
        self.page.goto("/".join(self.page.url.split("/")[:3]) + path)
        self.looks(name)

    def looks(self, name: str) -> None:
        self.wrong += too_wide(self.page, name)
        if self.with_axe:
            self.wrong += faults(self.page, name)


@pytest.fixture
def crowded(world: World) -> World:
    """Nothing in it is short."""
    restaurant = world.a.restaurant
    restaurant.name, restaurant.name_ar = f"{ONE_WORD} {NAME_EN}"[:120], NAME_AR
    restaurant.save()
    Bot.objects.filter(pk=world.a.bot.pk).update(name=f"{ONE_WORD} {NAME_AR}"[:120])
    Bot.objects.create(restaurant=restaurant, name=NAME_AR, whatsapp_number="+966500000199", auth_token="x")
    User.objects.filter(pk=world.a.owner.pk).update(first_name=NAME_AR[:60], last_name=ONE_WORD)
    User.objects.filter(pk=world.a.agent.pk).update(first_name=NAME_EN[:60], last_name=NAME_AR[:60])
    for value in (world.a.owner, world.a.agent):
        value.refresh_from_db()
    return world


@pytest.fixture
def threads(crowded: World) -> dict[str, Conversation]:
    """One in each state, with messages of each kind."""
    long_ago = timezone.now() - timedelta(hours=30)
    of = crowded.a
    made = {
        "bot": make_conversation(of, NAME_AR, "+966500000001", unread_count=12),
        "attention": make_conversation(of, NAME_EN, "+966500000002", needs_attention=True, is_bot_active=False),
        "colleague": make_conversation(of, ONE_WORD * 3, "+966500000003"),
        "mine": make_conversation(of, NAME_AR * 3, "+966500000004"),
        "hidden": make_conversation(of, "", None, at=long_ago),
        "empty": make_conversation(of, NAME_EN * 3, "+966500000006"),
    }
    take_over(made["colleague"], of.owner, at=timezone.now())
    take_over(made["mine"], of.agent, at=timezone.now())
    for name, conversation in made.items():
        if name != "empty":
            fill(conversation, long_ago if name == "hidden" else timezone.now())
    return made


def fill(conversation: Conversation, at: object) -> None:
    place = {"Latitude": "24.7136", "Longitude": "46.6753", "Address": NAME_AR, "Label": ONE_WORD}
    make_inbound(conversation, f"{ONE_WORD * 2}\n{NAME_AR} *{NAME_EN}*", at=at)
    make_inbound(conversation, "", kind="location", payload=place, at=at)
    make_inbound(conversation, "What?", turn_error="KeyError", at=at)
    for content in (Buttons(f"{NAME_AR}؟", CHOICES), Listing(f"{NAME_EN}?", "الخيارات", CHOICES)):
        shown(conversation, content, at)
    make_outbound(conversation, NAME_AR, author="staff", author_user=conversation.restaurant.memberships.first().user)  # type: ignore[union-attr]
    make_outbound(conversation, ONE_WORD * 2, status="failed", error_code="63016", at=at)


def shown(conversation: Conversation, content: Content, at: object) -> None:
    make_outbound(conversation, body_of(content), kind=kind_of(content), content=to_json(content), status="read", at=at)


@pytest.fixture
def ordered(threads: dict[str, Conversation], crowded: World) -> Order:
    branch = crowded.a.branches[0]
    branch.name_ar, branch.name_en = NAME_AR[:60], ONE_WORD[:60]
    branch.save()
    orders = [
        make_order(crowded.a, n, conversation=threads["bot"], status=status, address=f"{NAME_AR}\n{ONE_WORD * 2}")
        for n, status in enumerate(Order.Status.values, start=1)
    ]
    orders[0].lines.update(name_en=f"{ONE_WORD} {NAME_EN}"[:120], name_ar=NAME_AR)
    return orders[0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_inbox_and_threads(
    opened: Opened, crowded: World, threads: dict[str, Conversation], ordered: Order, language: str
) -> None:
    walker = Walker(opened("/inbox/", crowded.a.agent, language))
    walker.looks(f"inbox-{language}")
    for name, conversation in threads.items():
        walker.goes(f"/inbox/{conversation.code}/", f"thread-{name}-{language}")
    page = walker.page
    page.locator("#text").fill("x" * 1601)
    page.locator("#text").press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    walker.looks(f"thread-refused-{language}")
    walker.wrong = [line for line in walker.wrong if "status of 422" not in line]
    walker.goes("/inbox/?q=nobody", f"inbox-nothing-{language}")
    assert not walker.wrong, "\n".join(walker.wrong)


@pytest.mark.parametrize("language", LANGUAGES)
def test_orders_and_team(opened: Opened, crowded: World, ordered: Order, language: str) -> None:
    invite(crowded.a.restaurant, f"{'long' * 14}@example.com", "agent", by=crowded.a.owner, at=timezone.now())
    walker = Walker(opened("/orders/", crowded.a.owner, language))
    walker.looks(f"orders-{language}")
    for code in Order.objects.filter(status__in=["placed", "delivered"]).values_list("code", flat=True):
        walker.goes(f"/orders/{code}/", f"order-{language}")
    walker.page.goto(walker.page.url.replace(str(code), str(ordered.code)))
    walker.page.locator(".sure summary").click()
    walker.looks(f"order-sure-{language}")
    walker.page.locator(".menu summary").last.click()
    walker.looks(f"menu-{language}")
    walker.goes("/team/", f"team-{language}")
    walker.page.locator(".people details summary").first.click()
    walker.looks(f"team-sure-{language}")
    walker.page.locator("[name=email]").fill(f"{'new' * 18}@example.com")
    walker.page.locator("section:has([name=email]) button.main").click()
    expect(walker.page.locator(".link")).to_be_visible()
    walker.looks(f"team-link-{language}")
    assert not walker.wrong, "\n".join(walker.wrong)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_way_in_and_the_account(opened: Opened, crowded: World, language: str) -> None:
    made = invite(crowded.a.restaurant, f"{'long' * 14}@example.com", "agent", by=crowded.a.owner, at=timezone.now())
    member = crowded.a.restaurant.memberships.get(user=crowded.a.agent)
    link = reverse("new_password", kwargs=passwords.password_link(member, by=crowded.a.owner))
    walker = Walker(opened("/login/", None, language))
    walker.looks(f"login-{language}")
    walker.page.locator("[name=username]").fill(ONE_WORD)
    walker.page.locator("[name=password]").fill("wrong")
    walker.page.locator("main button.main").click()
    expect(walker.page.get_by_role("alert")).to_be_visible()
    walker.looks(f"login-refused-{language}")
    walker.goes(reverse("join", args=[key_of(made)]), f"join-{language}")
    walker.goes(link, f"new-password-{language}")
    inside = Walker(opened("/account/", crowded.a.agent, language))
    inside.looks(f"account-{language}")
    inside.page.locator("form[action$='/second-factor/'] button").click()
    expect(inside.page.locator(".picture")).to_be_visible()
    inside.looks(f"account-key-{language}")
    alone = Walker(opened("/", crowded.stranger, language))
    alone.looks(f"no-restaurant-{language}")
    wrong = walker.wrong + inside.wrong + alone.wrong
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("language", LANGUAGES)
def test_refusals(opened: Opened, crowded: World, language: str) -> None:
    """Pages whose status is a refusal, which the browser notes by itself."""
    walker = Walker(opened("/account/", crowded.a.agent, language))
    walker.goes("/nothing/", f"404-{language}")
    walker.goes("/new-password/x/y/", f"new-password-gone-{language}")
    walker.goes("/account/", f"account-{language}")
    walker.page.context.clear_cookies(name="csrftoken")
    walker.page.locator("form[action$='/second-factor/'] button").click()
    walker.looks(f"403-csrf-{language}")
    wrong = [line for line in walker.wrong if "the server responded with a status of 40" not in line]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_simulator(opened: Opened, crowded: World, threads: dict[str, Conversation], language: str) -> None:
    talk = threads["bot"]
    place = f"/simulator/?sender={talk.bot.code}&as=%2B966500000001&name={ONE_WORD}"
    walker = Walker(opened(place, None, language))
    walker.looks(f"simulator-{language}")
    walker.page.set_viewport_size({"width": 360, "height": 800})
    walker.page.locator("#attach summary").click()
    walker.looks(f"simulator-attach-{language}")
    walker.page.locator("[data-opens=places]").first.click()
    walker.looks(f"simulator-places-{language}")
    walker.goes(f"{place}#panel", f"simulator-panel-{language}")
    walker.goes(f"/simulator/?sender={talk.bot.code}&as=nobody", f"simulator-nobody-{language}")
    wrong = [line for line in walker.wrong if "status of 400" not in line]
    assert not wrong, "\n".join(wrong)


def test_the_docs_of_the_api(opened: Opened, world: World) -> None:
    """Drawn by Swagger UI, so its looks are not ours; it must fit, and run under the policy."""
    walker = Walker(opened("/api/docs/"), with_axe=False)
    expect(walker.page.locator(".opblock").first).to_be_visible(timeout=60_000)
    walker.page.locator(".opblock-summary-control").first.click()
    expect(walker.page.locator(".opblock-body").first).to_be_visible()
    walker.looks("docs")
    assert not walker.wrong, "\n".join(walker.wrong)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_main_pages_of_the_operators(opened: Opened, crowded: World, ordered: Order, language: str) -> None:
    """Their theme is not ours; they must fit, and run under their policy."""
    walker = Walker(opened("/admin/login/", None, language), with_axe=False)
    walker.looks(f"admin-login-{language}")
    inside = Walker(opened("/admin/", crowded.operator, language), with_axe=False)
    inside.looks(f"admin-{language}")
    for model in ("bots_bot", "bots_restaurant", "auth_user", "conversations_conversation", "orders_order"):
        inside.goes(reverse(f"admin:{model}_changelist"), f"admin-{model}-{language}")
    for row in (crowded.a.bot, crowded.a.restaurant, ordered):
        name = f"admin:{row._meta.app_label}_{row._meta.model_name}_change"
        inside.goes(reverse(name, args=[row.pk]), f"admin-{row._meta.model_name}-{language}")
    assert not walker.wrong + inside.wrong, "\n".join(walker.wrong + inside.wrong)
