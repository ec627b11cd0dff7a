"""The phone in a real Chromium, with the real webhook, turns and delivery behind it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from conversations.models import Conversation, Message
from orders.models import Order
from tests.browser.conftest import Opened, Site
from tests.processes import worker
from tests.world import World

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
NewPhone = Callable[..., Page]


@pytest.fixture
def new_phone(opened: Opened) -> NewPhone:
    """Opens the phone of a customer who has never written."""
    return lambda language="en", width=390: opened("/simulator/?new=1", language=language, width=width)


@pytest.fixture
def answering(world: World, site: Site, tmp_path: Path) -> Iterator[None]:
    """A worker of the test's own."""
    working = worker(site.process.env, tmp_path)
    working.start()
    yield
    working.stop()


def write(phone: Page, text: str) -> None:
    phone.locator("#words").fill(text)
    phone.locator("#words").press("Enter")


def tap(phone: Page, title: str) -> None:
    """The newest choice of this title, in an open list or under a message; waits for it."""
    phone.locator(".theirs button:visible", has_text=title).last.click()


def choose(phone: Page, button: str, row: str) -> None:
    tap(phone, button)
    phone.locator("dialog[open] [data-choice]", has_text=row).click()


def answers(phone: Page, count: int) -> None:
    expect(phone.locator(".theirs")).to_have_count(count, timeout=15_000)


def attach(phone: Page, what: str) -> None:
    phone.locator("#attach summary").click()
    phone.locator("#attach button", has_text=what).click()


def test_an_order_by_taps_in_arabic(answering: None, new_phone: NewPhone) -> None:
    phone = new_phone("ar")
    expect(phone.locator("html")).to_have_attribute("dir", "rtl")
    write(phone, "مرحبا")
    answers(phone, 1)
    tap(phone, "اطلب الآن")
    answers(phone, 2)
    tap(phone, "استلام")
    answers(phone, 3)
    choose(phone, "الفروع", "العليا")
    answers(phone, 4)
    choose(phone, "المنيو", "شاورما")
    answers(phone, 5)
    choose(phone, "الأصناف", "شاورما دجاج")
    answers(phone, 6)
    write(phone, "٢")
    answers(phone, 7)
    tap(phone, "إتمام الطلب")
    answers(phone, 8)
    tap(phone, "نقدًا")
    answers(phone, 9)
    tap(phone, "تأكيد الطلب")
    answers(phone, 10)
    order = Order.objects.get()
    assert [(line.name_ar, line.quantity) for line in order.lines.all()] == [("شاورما دجاج", 2)]
    expect(phone.locator(".theirs").last).to_contain_text(str(order.number))
    assert phone.evaluate("document.documentElement.scrollWidth") == 390
    own, theirs = phone.locator(".mine").last.bounding_box(), phone.locator(".theirs").last.bounding_box()
    assert own
    assert theirs
    assert own["x"] < 30  # what one says oneself stands at the end of the line, on the left in Arabic
    assert theirs["x"] + theirs["width"] > 360
    for target in phone.locator("button:visible, summary:visible, .me").all():
        box = target.bounding_box()
        assert box is not None
        assert box["height"] >= 44, target.inner_text()


def test_ticks_and_statuses_climb_by_themselves(answering: None, new_phone: NewPhone) -> None:
    phone = new_phone()
    write(phone, "Hi")
    expect(phone.locator('.mine[data-mark="handled"]')).to_have_count(1, timeout=15_000)
    expect(phone.locator('.theirs[data-mark="read"]')).to_have_count(1, timeout=15_000)
    expect(phone.locator('.theirs[data-mark="read"] .mark')).to_be_hidden()  # whether it was read, its sender sees
    expect(phone.locator('.mine[data-mark="handled"] .mark')).to_be_visible()


def test_a_lost_connection_is_said_and_the_message_goes_again_once(answering: None, new_phone: NewPhone) -> None:
    phone = new_phone()
    phone.context.set_offline(True)
    write(phone, "Hi there")
    expect(phone.locator(".trouble")).to_contain_text("could not be reached")
    expect(phone.locator("#presence")).to_have_text("connecting…")
    phone.context.set_offline(False)
    phone.locator(".again").click()
    answers(phone, 1)
    expect(phone.locator(".mine")).to_have_count(1)
    expect(phone.locator(".trouble")).to_have_count(0)
    assert Message.objects.filter(direction="IN").count() == 1


def test_a_message_whose_answer_got_lost_is_neither_lost_nor_doubled(answering: None, new_phone: NewPhone) -> None:
    phone = new_phone()
    keys: list[str] = []

    def lose_the_first_answer(route: Route) -> None:
        keys.extend(re.findall(r"key=([0-9a-f]{32})", route.request.post_data or ""))
        answer = route.fetch()
        if len(keys) == 1:
            route.abort()
        else:
            route.fulfill(response=answer)

    phone.route("**/simulator/news*", lambda route: route.abort())  # nothing is learned by polling meanwhile
    phone.route("**/simulator/say", lose_the_first_answer)
    write(phone, "Hi there")
    phone.locator(".again").click()
    expect(phone.locator(".trouble")).to_be_hidden()
    phone.unroute("**/simulator/news*")
    answers(phone, 1)
    expect(phone.locator(".mine")).to_have_count(1)
    assert len(keys) == 2
    assert keys[0] == keys[1]
    assert Message.objects.filter(direction="IN").count() == 1


def test_everything_twice_is_answered_once(answering: None, new_phone: NewPhone) -> None:
    phone = new_phone(width=1280)
    phone.locator("#twice").check()
    write(phone, "Hi")
    expect(phone.locator("#notice")).to_have_text("Delivered twice with the same id.")
    answers(phone, 1)
    expect(phone.locator('.theirs[data-mark="read"]')).to_have_count(1, timeout=15_000)
    assert Message.objects.filter(direction="IN").count() == 1
    assert Message.objects.filter(direction="OUT").count() == 1


def test_places_photos_and_voices(answering: None, new_phone: NewPhone) -> None:
    phone = new_phone()
    attach(phone, "Location")
    phone.locator(".named-place").first.click()
    expect(phone.locator('.mine[data-kind="place"]')).to_contain_text("Olaya, Kingdom Centre")
    answers(phone, 1)
    attach(phone, "Location")
    phone.context.grant_permissions(["geolocation"])
    phone.context.set_geolocation({"latitude": 24.69, "longitude": 46.685})
    phone.locator("#here").click()
    expect(phone.locator("#point [name=latitude]")).to_have_value("24.690000")
    phone.locator("#point .wide-button:not(.plain)").click()
    answers(phone, 2)
    attach(phone, "Photo")
    answers(phone, 3)
    attach(phone, "Voice note")
    answers(phone, 4)
    expect(phone.locator('.mine[data-kind="image"] img')).to_have_js_property("naturalWidth", 480)
    kinds = Message.objects.filter(direction="IN").order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["location", "location", "image", "audio"]


def test_wrong_coordinates_are_said_in_words(new_phone: NewPhone) -> None:
    phone = new_phone()
    attach(phone, "Location")
    phone.locator("#point [name=latitude]").fill("200")
    phone.locator("#point [name=longitude]").fill("46")
    phone.locator("#point .wide-button:not(.plain)").click()
    expect(phone.locator(".trouble")).to_contain_text("These are no coordinates")
    assert not Message.objects.exists()


def test_each_customer_has_a_talk_of_their_own(answering: None, new_phone: NewPhone, world: World) -> None:
    phone = new_phone()
    phone.locator(".me").click()
    phone.locator("#panel [name=as]").fill("055 000 0201")
    phone.locator("#panel [name=name]").fill("<b>أحمد</b>")
    phone.get_by_role("button", name="Write as this customer").click()
    write(phone, "Hi")
    answers(phone, 1)
    talk = Conversation.objects.get()
    assert (talk.customer_phone, talk.customer_name) == ("+966550000201", "<b>أحمد</b>")
    phone.locator(".me").click()
    phone.get_by_role("link", name="Start as a new customer").click()
    expect(phone.locator(".bubble")).to_have_count(0)
    phone.locator(".me").click()
    phone.locator("#panel select").select_option(str(world.b.bot.code))
    phone.get_by_role("button", name="Write as this customer").click()
    expect(phone.locator("h1")).to_have_text("Falafel Corner")


def test_the_language_is_switched_on_the_page(new_phone: NewPhone) -> None:
    phone = new_phone()
    phone.locator(".me").click()
    phone.get_by_role("button", name="العربية").click()
    expect(phone.locator("html")).to_have_attribute("dir", "rtl")
    expect(phone.locator("h1")).to_have_text("بيت الشاورما")
