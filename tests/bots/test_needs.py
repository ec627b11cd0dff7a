"""A restaurant that cannot sell says so, and a new sender says what comes next."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from bots.admin.condition import WORST_FIRST, traits_of, with_traffic
from bots.models import Bot, Invitation, Membership
from bots.registration import change
from bots.staffing import invite
from orders.models import Branch, Category, Item
from tests.bots.test_admin_people import text_of
from tests.bots.test_admin_senders import ADD, typed
from tests.bots.test_passwords import signed_in
from tests.world import World

pytestmark = pytest.mark.django_db
MENU, BRANCH = "Its menu has nothing that can be ordered.", "It has no branch that is open."


@pytest.fixture
def page(world: World) -> Client:
    return signed_in(world.operator)


def empty(world: World, what: str) -> str:
    """Returns the words for it."""
    restaurant = world.a.restaurant
    if what == "no items":
        Item.objects.filter(restaurant=restaurant).delete()
    elif what == "sold out":
        Item.objects.filter(restaurant=restaurant).update(is_available=False)
    elif what == "hidden categories":
        Category.objects.filter(restaurant=restaurant).update(is_active=False)
    elif what == "closed branches":
        Branch.objects.filter(restaurant=restaurant).update(is_active=False)
    else:
        Bot.objects.filter(restaurant=restaurant).update(is_active=False)
        return "It has no sender that is on."
    return BRANCH if what == "closed branches" else MENU


@pytest.mark.parametrize("what", ["no items", "sold out", "hidden categories", "closed branches", "sender off"])
def test_what_is_missing_is_said_everywhere_with_the_next_step(page: Client, world: World, what: str) -> None:
    path = f"/admin/bots/restaurant/{world.a.restaurant.pk}/change/"
    boards = (signed_in(world.a.owner), signed_in(world.a.agent))
    assert "Customers cannot order" not in text_of(page.get(path))
    assert all("Customers cannot order" not in text_of(board.get("/inbox/")) for board in boards)
    words = empty(world, what)
    said = text_of(page.get(path))
    assert words in said
    assert f"/add/?restaurant={world.a.restaurant.pk}" in said
    for board in boards:
        for place in ("/inbox/", "/orders/"):
            assert words in text_of(board.get(place))
    assert words not in text_of(signed_in(world.b.owner).get("/inbox/")), "another restaurant's is nobody's business"
    listed = page.get("/admin/bots/restaurant/?sells=no")
    assert "Shawarma House" in text_of(listed)
    assert listed.context["cl"].result_count == 1


def test_the_list_of_senders_says_it_in_red(world: World) -> None:
    empty(world, "no items")
    empty(world, "closed branches")
    bots = with_traffic(Bot.objects.all(), timezone.now()).order_by(WORST_FIRST)
    assert [bot.pk for bot in bots] == [world.a.bot.pk, world.b.bot.pk]
    found = [(trait.colour, trait.words, trait.more) for trait in traits_of(bots[0])]
    assert found[0] == ("danger", "cannot sell", f"{MENU} {BRANCH}")
    assert "cannot sell" not in [trait.words for trait in traits_of(bots[1])]


def registered(page: Client) -> tuple[Bot, Any]:
    answer = page.post(ADD, typed())
    bot = Bot.objects.latest("id")
    assert answer.headers["Location"] == f"/admin/bots/bot/{bot.pk}/change/"
    return bot, page.get(answer.headers["Location"])


def steps(page: Client, bot: Bot) -> dict[str, bool]:
    found = page.get(f"/admin/bots/bot/{bot.pk}/change/").context["steps"]
    return {step.button: step.is_done for step in found}


def test_a_new_senders_page_opens_with_the_next_steps(page: Client, world: World) -> None:
    bot, answer = registered(page)
    said = text_of(answer)
    assert "Next steps" in said
    assert f'action="/admin/bots/bot/{bot.pk}/verify/"' in said
    assert f'action="/admin/bots/bot/{bot.pk}/webhooks/"' in said
    for place in ("orders/item", "orders/branch", "bots/invitation"):
        assert f'href="/admin/{place}/add/?restaurant={bot.restaurant_id}"' in said
        assert page.get(f"/admin/{place}/add/?restaurant={bot.restaurant_id}").status_code == 200
    assert steps(page, bot) == dict.fromkeys(
        ["Verify", "Set webhooks", "Add an item to the menu", "Add a branch", "Invite the first owner"], False
    )


def test_each_step_is_ticked_when_it_is_done_and_at_the_end_they_are_gone(page: Client, world: World) -> None:
    bot, _answer = registered(page)
    restaurant, now = bot.restaurant, timezone.now()
    Bot.objects.filter(pk=bot.pk).update(verified_at=now)
    assert steps(page, bot)["Verify"]
    line = {"what": "callback_url", "expected": "a", "found": "b"}
    Bot.objects.filter(pk=bot.pk).update(health="differs", health_at=now, health_lines=[line])
    assert not steps(page, bot)["Set webhooks"], "Twilio calls somebody else"
    Bot.objects.filter(pk=bot.pk).update(health="good", health_lines=[])
    assert steps(page, bot)["Set webhooks"]
    category = Category.objects.create(restaurant=restaurant, name_ar="أطباق")
    Item.objects.create(restaurant=restaurant, category=category, name_ar="فول", price=5)
    Branch.objects.create(restaurant=restaurant, name_ar="فرع")
    found = steps(page, bot)
    assert (found["Add an item to the menu"], found["Add a branch"]) == (True, True)
    invite(restaurant, "new@example.com", "owner", by=world.operator, at=now)
    assert "An invitation is on its way." in text_of(page.get(f"/admin/bots/bot/{bot.pk}/change/"))
    assert not steps(page, bot)["Invite the first owner"]
    Invitation.objects.all().delete()
    Membership.objects.create(user=world.stranger, restaurant=restaurant, role="owner")
    assert steps(page, bot) == {}


def test_a_token_that_twilio_never_confirmed_is_not_green(page: Client, world: World) -> None:
    bot, _answer = registered(page)
    assert "not verified" in text_of(page.get("/admin/bots/bot/?q=508034010"))
    Bot.objects.filter(pk=bot.pk).update(verified_at=timezone.now())
    assert "not verified" not in text_of(page.get("/admin/bots/bot/?q=508034010"))


def test_a_new_token_has_to_be_verified_anew(page: Client, world: World) -> None:
    bot, _answer = registered(page)
    Bot.objects.filter(pk=bot.pk).update(verified_at=timezone.now())
    bot.refresh_from_db()
    change(bot, by=world.operator, max_messages_per_day=900)
    assert bot.verified_at
    change(bot, by=world.operator, auth_token="b" * 32)
    assert Bot.objects.get(pk=bot.pk).verified_at is None
    assert not steps(page, bot)["Verify"]
