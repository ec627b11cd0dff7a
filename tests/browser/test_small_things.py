"""What a waiter trips over: a button off the screen, a name without its beginning, an empty message, a cut dot."""

from __future__ import annotations

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from conversations.handoff import take_over
from conversations.models import Conversation
from tests.browser.conftest import Opened, Site
from tests.inbox import make_conversation, make_inbound
from tests.world import World

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LONG_AR = "عبدالرحمن بن عبدالعزيز بن محمد العتيبى القحطاني الشمري من حي الملك فهد بالرياض"
LONG_EN = "Maximiliane-Alexandrina of the Extraordinarily Long and Winding Upper Olaya Road"


def thread_of(world: World, name: str) -> Conversation:
    conversation = make_conversation(world.a, name)
    make_inbound(conversation, "Is anybody there?")
    return conversation


def is_inside(page: Page, target: Locator) -> bool:
    box, size = target.bounding_box(), page.viewport_size
    assert box
    assert size
    return box["x"] >= 0 and box["x"] + box["width"] <= size["width"] and box["y"] + box["height"] <= size["height"]


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("name", [LONG_AR, LONG_EN, "x" * 255], ids=["arabic", "english", "one word"])
def test_send_stays_on_the_screen(opened: Opened, world: World, name: str, language: str) -> None:
    """Also while a colleague holds the conversation, when there are two buttons beside the name."""
    conversation = thread_of(world, name)
    take_over(conversation, world.a.owner, at=timezone.now())
    page = opened(f"/inbox/{conversation.code}/", world.a.agent, language)
    for width in (320, 360, 390, 760, 761, 800, 850, 1024, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0, width
        for button in page.locator(".thread button:visible").all():
            assert is_inside(page, button), (width, button.inner_text())


@pytest.mark.parametrize(("name", "language"), [(LONG_AR, "en"), (LONG_EN, "ar"), (LONG_AR, "ar"), (LONG_EN, "en")])
def test_a_long_name_keeps_its_beginning(opened: Opened, world: World, name: str, language: str) -> None:
    conversation = thread_of(world, name)
    page = opened("/inbox/", world.a.agent, language, width=360)
    first_is_seen = """(box) => {
      const range = document.createRange();
      range.setStart(box.firstChild, 0);
      range.setEnd(box.firstChild, 1);
      const [letter, frame] = [range.getBoundingClientRect(), box.getBoundingClientRect()];
      return box.scrollWidth > box.clientWidth && letter.left >= frame.left - 1 && letter.right <= frame.right + 1;
    }"""
    assert page.locator(".line .who").evaluate(first_is_seen)
    page.goto(f"{page.url}{conversation.code}/")
    assert page.locator(".thread-top h2").evaluate(first_is_seen)


@pytest.mark.parametrize("place", ["#rows .who", ".thread-top h2", ".house .short"])
def test_no_dot_of_a_name_is_cut(opened: Opened, world: World, place: str) -> None:
    """What is painted is the same whether or not the line hides what stands out of it."""
    world.a.restaurant.name_ar = "مشويات العتيبي"
    world.a.restaurant.save()
    conversation = thread_of(world, "العتيبي")
    name = opened(f"/inbox/{conversation.code}/", world.a.agent, "ar").locator(place)
    box = name.bounding_box()
    assert box
    around = {**box, "y": box["y"] - 8, "height": box["height"] + 16}
    as_it_is = name.page.screenshot(clip=around)  # type: ignore[arg-type]
    name.evaluate("(box) => { box.style.overflow = 'visible'; }")
    assert name.page.screenshot(clip=around) == as_it_is  # type: ignore[arg-type]


def test_an_error_is_said_in_words_that_can_be_read(opened: Opened, world: World) -> None:
    conversation = thread_of(world, "Sara")
    page = opened(f"/inbox/{conversation.code}/", world.a.agent)
    page.locator("#text").fill("Hello")
    page.context.set_offline(True)
    page.locator("#text").press("Enter")
    toast = page.locator(".toast.bad")
    expect(toast).to_contain_text("No connection.")
    ink, paper = toast.evaluate("(box) => [getComputedStyle(box).color, getComputedStyle(box).backgroundColor]")
    assert (ink, paper) == ("rgb(255, 255, 255)", "rgb(166, 33, 26)")


def test_a_thread_on_a_phone_says_that_the_connection_is_lost(opened: Opened, site: Site, world: World) -> None:
    conversation = thread_of(world, "Sara")
    page = opened(f"/inbox/{conversation.code}/", world.a.agent, width=360)
    expect(page.locator("#live.off")).to_have_count(0, timeout=20_000)
    expect(page.locator("#live")).to_be_hidden()
    site.process.stop()
    expect(page.locator("#live")).to_be_visible(timeout=20_000)
    expect(page.locator("#live")).to_have_text("Reconnecting…")
    expect(page.locator(".top .brand")).to_be_hidden()
    site.start()
    expect(page.locator("#live")).to_be_hidden(timeout=60_000)


def test_send_has_a_name_on_a_phone(opened: Opened, world: World) -> None:
    conversation = thread_of(world, "Sara")
    page = opened(f"/inbox/{conversation.code}/", world.a.agent, width=360)
    expect(page.get_by_role("button", name="Send", exact=True)).to_be_visible()
    page.goto(page.url.replace(f"{conversation.code}/", ""))
    expect(page.get_by_role("link", name="Sufrah")).to_be_visible()


def test_a_language_switch_stays_in_the_thread(opened: Opened, world: World) -> None:
    conversation = thread_of(world, "Sara")
    page = opened("/inbox/", world.a.agent)
    page.locator("#rows .line").click()
    expect(page.locator(".thread")).to_be_visible()
    page.locator("#text").fill("Half a sent")
    page.locator(".menu summary").last.click()
    page.get_by_role("button", name="العربية").click()
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    expect(page).to_have_url(f"{page.url.split('/inbox/')[0]}/inbox/{conversation.code}/")
    expect(page.locator("#text")).to_have_value("Half a sent")


def test_a_language_switch_after_a_post_leads_to_a_page(opened: Opened, world: World) -> None:
    """The address of a post shows nothing to who only reads it."""
    page = opened("/account/", world.a.agent)
    page.get_by_role("button", name="Change the password").evaluate("(button) => button.form.noValidate = true")
    page.get_by_role("button", name="Change the password").click()
    page.get_by_role("button", name="العربية").click()
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    expect(page.locator("h1")).to_be_visible()
