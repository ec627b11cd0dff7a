"""The inbox as a waiter uses it: on a phone and on a desktop, in both languages, while the server comes and goes."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, Route, expect

from bots.models import Membership, SignInSession
from conversations.models import Conversation, Message
from orders.models import Order
from tests.browser.conftest import Opened, Site
from tests.inbox import make_conversation, make_inbound
from tests.orders.test_views import make_order
from tests.sessions_state.customers import Customer
from tests.world import PASSWORD, World

SOON = 10_000  # less than the 15 s after which a page asks by itself
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def hers(world: World) -> Conversation:
    conversation = make_conversation(world.a, unread_count=1)
    make_inbound(conversation, "Is anybody there?")
    return conversation


def overflow(page: Page) -> Any:
    return page.evaluate("document.documentElement.scrollWidth - window.innerWidth")


def is_live(page: Page) -> None:
    expect(page.locator("#live:not(.off)")).to_be_visible(timeout=20_000)


def bubbles(page: Page) -> Any:
    return page.locator("#messages .message .text")


@pytest.mark.parametrize(
    ("language", "refusal", "button"),
    [
        ("en", "The user name, the password or the code is wrong.", "Sign in"),
        ("ar", "اسم المستخدم أو كلمة المرور أو الرمز غير صحيح.", "تسجيل الدخول"),
    ],
)
def test_sign_in(opened: Opened, hers: Conversation, language: str, refusal: str, button: str) -> None:
    page = opened("/inbox/", language=language, width=390)
    page.locator("[name=username]").fill("agent_a")
    page.locator("[name=password]").fill("wrong")
    page.get_by_role("button", name=button).click()
    expect(page.get_by_role("alert")).to_contain_text(refusal)
    page.locator("[name=password]").fill(PASSWORD)
    page.get_by_role("button", name=button).click()
    expect(page.locator("#rows .line")).to_contain_text("Is anybody there?")
    assert overflow(page) == 0


def test_language_switches_before_and_after_the_sign_in(opened: Opened, world: World) -> None:
    page = opened("/login/")
    page.get_by_role("button", name="العربية").click()
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    inside = opened("/inbox/", world.a.agent, "ar")
    inside.locator(".menu summary").last.click()
    inside.get_by_role("button", name="English").click()
    expect(inside.locator("html")).to_have_attribute("dir", "ltr")
    expect(inside).to_have_url(f"{inside.url.split('/inbox/')[0]}/inbox/")


def test_read_reply_take_over_and_hand_back(opened: Opened, world: World, hers: Conversation) -> None:
    page = opened("/inbox/", world.a.agent)
    is_live(page)
    expect(page).to_have_title("(1) Inbox · Sufrah")
    page.locator("#rows .line").click()
    expect(bubbles(page)).to_have_text(["Is anybody there?"])
    expect(page.locator("#rows .badge")).to_have_count(0)
    expect(page).to_have_title("Sara · Sufrah")
    expect(page.locator("#hint")).to_contain_text("The bot is answering.")
    page.locator("#text").fill("Yes,")
    page.locator("#text").press("Shift+Enter")
    page.locator("#text").press_sequentially("we are.")
    page.locator("#text").press("Enter")
    expect(bubbles(page).last).to_have_text("Yes,\nwe are.")
    expect(page.locator(".message.staff .tick")).to_contain_text("waiting")
    expect(page.locator("#text")).to_have_value("")
    expect(page.locator("#text")).to_be_focused()
    expect(page.locator("#hint")).to_contain_text("You have this conversation.")
    expect(page.locator("#rows .line")).to_contain_text("agent_a")
    page.get_by_role("button", name="Hand back to the bot").click()
    expect(page.locator("#hint")).to_contain_text("The bot is answering.")
    page.get_by_role("button", name="Take over").click()
    expect(page.locator("#hint")).to_contain_text("You have this conversation.")
    hers.refresh_from_db()
    assert (hers.is_bot_active, hers.assigned_to, hers.unread_count) == (False, world.a.agent, 0)


def test_twice_is_once(opened: Opened, world: World, hers: Conversation) -> None:
    page = opened(f"/inbox/{hers.code}/", world.a.agent)
    page.locator("#text").fill("Hello")
    page.evaluate("const f = document.getElementById('reply'); f.requestSubmit(); f.requestSubmit()")
    expect(bubbles(page).last).to_have_text("Hello")
    page.locator("#text").fill("Again")
    page.locator(".send").dblclick()
    expect(bubbles(page).last).to_have_text("Again")
    page.wait_for_timeout(500)
    assert list(hers.messages.filter(direction="OUT").values_list("body", flat=True)) == ["Hello", "Again"]


def test_what_is_too_long_is_said_and_kept(opened: Opened, world: World, hers: Conversation) -> None:
    page = opened(f"/inbox/{hers.code}/", world.a.agent)
    page.locator("#text").fill("x" * 1601)
    page.locator("#text").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("has 1601 characters")
    expect(page.locator("#text")).to_have_value("x" * 1601)
    page.locator("#text").fill("short")
    page.locator("#text").press("Enter")
    expect(bubbles(page).last).to_have_text("short")
    assert hers.messages.filter(direction="OUT").count() == 1


def test_news_come_by_themselves(opened: Opened, site: Site, world: World, hers: Conversation) -> None:
    page = opened(f"/inbox/{hers.code}/", world.a.agent)
    is_live(page)
    site.customer_writes(world.a.bot, "I am waiting")
    expect(bubbles(page).last).to_have_text("I am waiting", timeout=SOON)
    site.customer_writes(world.a.bot, "Good evening", "+966541112223", "Omar")
    expect(page.locator("#rows .line").first).to_contain_text("Omar", timeout=SOON)
    expect(page.locator("#toasts")).to_contain_text("Omar: Good evening")
    expect(page).to_have_title("(1) Sara · Sufrah")
    site.customer_writes(world.b.bot, "Not for you", "+966541112224", "Layla")
    page.wait_for_timeout(700)
    expect(page.locator("#rows .line")).to_have_count(2)


def test_colleagues_see_each_other(opened: Opened, world: World, hers: Conversation) -> None:
    agent, owner = opened(f"/inbox/{hers.code}/", world.a.agent), opened("/inbox/", world.a.owner)
    is_live(agent)
    is_live(owner)
    agent.locator("#text").fill("On my way")
    agent.locator("#text").press("Enter")
    expect(owner.locator("#rows .line")).to_contain_text("On my way", timeout=SOON)
    expect(owner.locator("#rows .line")).to_contain_text("agent_a")


def test_reading_earlier_messages_keeps_its_place(opened: Opened, site: Site, world: World, hers: Conversation) -> None:
    for n in range(90):
        make_inbound(hers, f"message {n}")
    page = opened(f"/inbox/{hers.code}/", world.a.agent)
    is_live(page)
    expect(bubbles(page)).to_have_count(40)
    expect(bubbles(page).last).to_be_in_viewport()
    page.locator("#earlier a").scroll_into_view_if_needed()
    first = bubbles(page).first.text_content()
    page.locator("#earlier a").click()
    expect(bubbles(page)).to_have_count(80)
    expect(page.get_by_text(str(first), exact=True)).to_be_in_viewport()
    site.customer_writes(world.a.bot, "news")
    expect(bubbles(page)).to_have_count(81, timeout=SOON)
    expect(page.get_by_text(str(first), exact=True)).to_be_in_viewport()
    expect(bubbles(page).last).not_to_be_in_viewport()


def test_a_long_list_loads_more_and_stays_loaded(opened: Opened, site: Site, world: World) -> None:
    for n in range(45):
        make_inbound(make_conversation(world.a, f"customer {n}", f"+9665000{n:05}"), f"words {n}")
    page = opened("/inbox/", world.a.agent)
    is_live(page)
    expect(page.locator("#rows .line")).to_have_count(30)
    page.locator("#more a").click()
    expect(page.locator("#rows .line")).to_have_count(45)
    site.customer_writes(world.a.bot, "one more", "+966541112223", "Omar")
    expect(page.locator("#rows .line")).to_have_count(46, timeout=SOON)
    expect(page.locator("#rows .line").first).to_contain_text("Omar")


def test_search_and_filters(opened: Opened, world: World, hers: Conversation) -> None:
    make_conversation(world.a, "Omar", "+966541112223", needs_attention=True, is_bot_active=False)
    page = opened(f"/inbox/{hers.code}/", world.a.agent)
    page.get_by_role("searchbox").press_sequentially("0541112")
    expect(page.locator("#rows .name")).to_have_text(["Omar"])
    page.get_by_role("searchbox").fill("")
    expect(page.locator("#rows .line")).to_have_count(2)
    page.get_by_role("link", name="Needs a person", exact=True).click()
    expect(page.locator("#rows .name")).to_have_text(["Omar"])
    expect(page.locator("#thread h2")).to_have_text("Sara")


def test_a_server_that_dies_takes_no_word_along(opened: Opened, site: Site, world: World, hers: Conversation) -> None:
    page = opened(f"/inbox/{hers.code}/", world.a.agent)
    is_live(page)
    site.process.kill()
    expect(page.locator("#live")).to_have_text("Reconnecting…")
    page.locator("#text").fill("Still here")
    page.locator("#text").press("Enter")
    expect(page.locator(".toast.bad")).to_contain_text("What you wrote is still here")
    expect(page.locator("#text")).to_have_value("Still here")
    make_inbound(hers, "Said while nobody listened")
    site.start()
    is_live(page)
    expect(bubbles(page).last).to_have_text("Said while nobody listened", timeout=SOON)
    page.locator("#text").press("Enter")
    expect(bubbles(page).last).to_have_text("Still here")
    assert hers.messages.filter(direction="OUT").count() == 1


def test_what_came_through_another_process_is_there_after_the_gap(
    opened: Opened, site: Site, world: World, hers: Conversation
) -> None:
    """The page never asks by itself here: what it shows, it fetched because the socket is back."""
    page = opened(f"/inbox/{hers.code}/", world.a.agent)
    is_live(page)
    page.wait_for_timeout(500)
    page.evaluate("for (let timer = 1; timer < 10000; timer++) clearInterval(timer)")
    site.process.kill()
    expect(page.locator("#live")).to_have_text("Reconnecting…")
    theirs = Customer(world.a.bot, hers.customer_address, at=timezone.now())
    theirs.sends("Said to another process")
    Customer(world.a.bot, "+966541112223", at=timezone.now()).sends("And somebody new", ProfileName="Omar")
    site.start()
    is_live(page)
    expect(bubbles(page).last).to_have_text("Said to another process", timeout=SOON)
    expect(page.locator("#rows .line").first).to_contain_text("And somebody new", timeout=SOON)
    site.customer_writes(world.a.bot, "And to this one")
    expect(bubbles(page).last).to_have_text("And to this one", timeout=SOON)


def test_whoever_was_signed_out_finds_the_words_again(opened: Opened, world: World, hers: Conversation) -> None:
    page = opened(f"/inbox/{hers.code}/", world.a.agent)
    page.locator("#text").fill("Half a thought")
    SignInSession.objects.all().delete()
    page.keyboard.press("Enter")  # or a look for news comes first: that leads to the sign-in too
    expect(page.locator("[name=username]")).to_be_visible()
    page.locator("[name=username]").fill("agent_a")
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[name=password]").press("Enter")
    expect(page.locator("#text")).to_have_value("Half a thought")
    assert not Message.objects.filter(direction="OUT").exists()


def test_drafts_stay_with_their_conversations(opened: Opened, world: World, hers: Conversation) -> None:
    make_conversation(world.a, "Omar", "+966541112223")
    page = opened("/inbox/", world.a.agent)
    page.get_by_role("link", name="Sara").click()
    page.locator("#text").fill("for Sara")
    page.get_by_role("link", name="Omar").click()
    expect(page.locator("#thread h2")).to_have_text("Omar")
    expect(page.locator("#text")).to_have_value("")
    page.get_by_role("link", name="Sara").click()
    expect(page.locator("#text")).to_have_value("for Sara")
    page.go_back()
    expect(page.locator("#thread h2")).to_have_text("Omar")


@pytest.mark.parametrize("language", ["en", "ar"])
def test_desktop_shows_list_and_thread_side_by_side(
    opened: Opened, world: World, hers: Conversation, language: str
) -> None:
    page = opened(f"/inbox/{hers.code}/", world.a.agent, language)
    beside, thread = page.locator("#list").bounding_box(), page.locator("#thread").bounding_box()
    assert beside
    assert thread
    assert (beside["x"] < thread["x"]) == (language == "en")
    assert overflow(page) == 0


@pytest.mark.parametrize("language", ["en", "ar"])
def test_phone_goes_from_list_to_thread_and_back(
    opened: Opened, world: World, hers: Conversation, language: str
) -> None:
    Membership.objects.create(user=world.a.agent, restaurant=world.b.restaurant)
    page = opened("/inbox/", world.a.agent, language, 390)
    is_live(page)
    page.locator(".menu summary").first.click()
    page.locator(f"[name=restaurant][value='{world.a.restaurant.code}']").click()
    expect(page.locator("#rows .line")).to_have_count(1)
    assert overflow(page) == 0
    page.locator("#rows .line").click()
    expect(page.locator("#list")).to_be_hidden()
    expect(page.locator("#text")).to_be_visible()
    expect(page.locator("#messages[data-unread='0']")).to_be_visible()  # read, and fetched again
    assert overflow(page) == 0
    for target in page.locator(".thread button:visible, .back").all():
        box = target.bounding_box()
        assert box
        assert box["height"] >= 44
        assert box["width"] >= 44
    page.locator(".back").click()
    expect(page.locator("#rows .line")).to_be_visible()
    expect(page.locator("#thread")).to_be_hidden()


def test_everything_works_without_script(opened: Opened, world: World, hers: Conversation) -> None:
    page = opened("/inbox/", world.a.agent, script=False)
    page.locator("#rows .line").click()
    expect(bubbles(page)).to_have_text(["Is anybody there?"])
    page.get_by_role("button", name="Mark as read").click()
    expect(page.locator("#rows .badge")).to_have_count(0)
    page.locator("#text").fill("Yes")
    page.get_by_role("button", name="Send").click()
    expect(bubbles(page)).to_have_text(["Is anybody there?", "Yes"])
    page.get_by_role("button", name="Hand back to the bot").click()
    expect(page.locator("#hint")).to_contain_text("The bot is answering.")
    page.get_by_role("button", name="Take over").click()
    expect(page.locator("#hint")).to_contain_text("You have this conversation.")
    page.locator("#text").fill(" ")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("alert")).to_have_text("Write something first.")


def test_orders_move_on_and_the_board_follows(opened: Opened, world: World, hers: Conversation) -> None:
    order = make_order(world.a, 12, conversation=hers)
    board, page = opened("/orders/", world.a.owner), opened(f"/inbox/{hers.code}/", world.a.agent)
    is_live(board)
    page.locator(".their-orders a").click()
    is_live(page)
    page.get_by_role("button", name="Mark as “accepted”").click()
    expect(page.locator("#order .status").first).to_have_text("Accepted")
    expect(board.locator("#board .status")).to_have_text("Accepted", timeout=SOON)
    page.get_by_text("Cancel the order…").click()
    page.get_by_role("button", name="Yes, cancel the order").click()
    expect(page.locator("#order .status").first).to_have_text("Cancelled")
    expect(board.locator("#board")).to_contain_text("No such orders.", timeout=SOON)
    order.refresh_from_db()
    assert order.status == Order.Status.CANCELLED


def test_an_answer_that_comes_too_late_does_not_land_in_another_thread(
    opened: Opened, site: Site, world: World, hers: Conversation
) -> None:
    make_inbound(make_conversation(world.a, "Omar", "+966541112223"), "from Omar")
    page = opened(f"/inbox/{hers.code}/", world.a.agent)
    is_live(page)
    page.wait_for_timeout(500)
    late: list[Route] = []
    page.route(f"**/inbox/{hers.code}/?since=*", lambda route: late.append(route))
    site.customer_writes(world.a.bot, "from Sara")
    page.wait_for_timeout(500)
    page.get_by_role("link", name="Omar").click()
    expect(bubbles(page)).to_have_text(["from Omar"])
    assert late
    for route in late:
        route.continue_()
    page.wait_for_timeout(500)
    expect(bubbles(page)).to_have_text(["from Omar"])
