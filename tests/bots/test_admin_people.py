"""The operators' pages of restaurants, people, tokens, the audit log, and the catalogue."""

from __future__ import annotations

import html
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from bots.admin.showing import pretty
from bots.models import ApiToken, AuditEvent, Membership, Restaurant
from conversations.models import Conversation
from orders.cart import Cart
from orders.models import Category, Item, Order
from orders.placing import place_order
from tests.world import World, make_house


@pytest.fixture
def page(world: World, client: Client) -> Client:
    client.force_login(world.operator)
    return client


def text_of(response: Any) -> str:
    return html.unescape(response.content.decode())


def inline(prefix: str, **fields: object) -> dict[str, str]:
    rows = {f"{prefix}-0-{name}": str(value) for name, value in fields.items()}
    return {f"{prefix}-TOTAL_FORMS": "1" if rows else "0", f"{prefix}-INITIAL_FORMS": "0", **rows}


def restaurant_form(**changes: str) -> dict[str, str]:
    return {
        "name": "Shawarma House",
        "name_ar": "بيت الشاورما",
        "phone": "",
        "support_contact": "",
        "is_active": "on",
        "currency": "SAR",
        "minimum_order": "0",
        "language": "ar",
        "session_idle_minutes": "30",
        "cart_hours": "24",
        "handoff_hours": "2",
        "timezone": "Asia/Riyadh",
        **inline("memberships"),
        **changes,
    }


def ordered(world: World) -> Order:
    talk = Conversation.objects.create(
        restaurant=world.a.restaurant,
        bot=world.a.bot,
        customer_address="+966500000900",
        customer_phone="+966500000900",
        last_message_at=timezone.now(),
    )
    return place_order(
        restaurant=world.a.restaurant,
        conversation_id=talk.pk,
        cart=Cart().add(str(world.a.items[0].code), 2),
        order_type="pickup",
        branch_code=str(world.a.branches[0].code),
        destination=None,
        payment="cash",
        turn_id=1,
        at=timezone.now(),
    )


def test_a_new_person_gets_a_password_and_a_role(page: Client, world: World) -> None:
    first = {"username": "salma", "password1": "a temporary one", "password2": "a temporary one"}
    works_for = inline("memberships", restaurant=world.a.restaurant.pk, role="manager")
    response = page.post("/admin/auth/user/add/", {**first, **works_for})
    assert response.status_code == 302
    salma = User.objects.get(username="salma")
    assert Membership.objects.get(user=salma).role == "manager"
    assert salma.check_password("a temporary one")
    assert AuditEvent.objects.get(action="user.made").subject == "salma"
    assert "a temporary one" not in str(AuditEvent.objects.values_list())


def test_an_operator_sets_a_new_password(page: Client, world: World) -> None:
    new = {"password1": "another long one", "password2": "another long one", "usable_password": "true"}
    assert page.post(f"/admin/auth/user/{world.a.agent.pk}/password/", new).status_code == 302
    assert User.objects.get(username="agent_a").check_password("another long one")


def test_changing_a_restaurant_is_noted(page: Client, world: World) -> None:
    path = f"/admin/bots/restaurant/{world.a.restaurant.pk}/change/"
    assert page.post(path, restaurant_form(minimum_order="25", phone="+966500000101")).status_code == 302
    assert Restaurant.objects.get(pk=world.a.restaurant.pk).minimum_order == Decimal(25)
    event = AuditEvent.objects.get()
    assert (event.action, event.user, event.changes) == (
        *("restaurant.changed", world.operator),
        {"minimum_order": ["0.000", "25"]},
    )
    page.post(path, restaurant_form(minimum_order="25", phone="+966500000101"))
    assert AuditEvent.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "says"),
    [({"timezone": "Riyadh"}, "This is no time zone."), ({"currency": "XQQ"}, "This is no currency.")],
)
def test_a_time_zone_or_currency_that_does_not_exist_is_refused(
    page: Client, world: World, changes: dict[str, str], says: str
) -> None:
    path = f"/admin/bots/restaurant/{world.a.restaurant.pk}/change/"
    assert says in text_of(page.post(path, restaurant_form(**changes)))
    world.a.restaurant.refresh_from_db()
    assert (world.a.restaurant.timezone, world.a.restaurant.currency) == ("Asia/Riyadh", "SAR")


def test_staff_are_added_on_the_restaurants_page(page: Client, world: World) -> None:
    path = f"/admin/bots/restaurant/{world.a.restaurant.pk}/change/"
    page.post(path, restaurant_form(**inline("memberships", user=world.stranger.pk, role="agent")))
    assert Membership.objects.get(user=world.stranger).restaurant == world.a.restaurant


def test_removing_staff_is_noted(page: Client, world: World) -> None:
    member = Membership.objects.get(user=world.a.agent)
    page.post(f"/admin/bots/membership/{member.pk}/delete/", {"post": "yes"})
    page.post(
        "/admin/bots/membership/",
        {
            "action": "delete_selected",
            "_selected_action": [Membership.objects.get(user=world.b.agent).pk],
            "post": "yes",
        },
    )
    assert [event.action for event in AuditEvent.objects.all()] == ["membership.deleted"] * 2
    assert Membership.objects.count() == 2


def test_a_restaurant_with_history_cannot_be_deleted(page: Client, world: World) -> None:
    ordered(world)
    page.post(f"/admin/bots/restaurant/{world.a.restaurant.pk}/delete/", {"post": "yes"})
    assert Restaurant.objects.filter(pk=world.a.restaurant.pk).exists()
    assert not AuditEvent.objects.exists()


def test_prices_change_on_the_list_and_are_noted(page: Client, world: World) -> None:
    item = world.a.items[0]
    form = {"form-TOTAL_FORMS": "1", "form-INITIAL_FORMS": "1", "form-0-id": str(item.pk), "form-0-price": "13.50"}
    page.post(
        f"/admin/orders/item/?q={item.name_en}&restaurant__id__exact={item.restaurant_id}", {**form, "_save": "1"}
    )
    item.refresh_from_db()
    assert (item.price, item.is_available) == (Decimal("13.50"), False)
    assert AuditEvent.objects.get().changes == {"price": ["12.000", "13.50"], "is_available": [True, False]}


def test_an_item_stays_within_its_restaurant(page: Client, world: World) -> None:
    theirs = Category.objects.filter(restaurant=world.b.restaurant).first()
    assert theirs is not None
    form = {"restaurant": world.a.restaurant.pk, "category": theirs.pk, "name_ar": "صنف", "price": "1", "position": "0"}
    said = text_of(page.post("/admin/orders/item/add/", form))
    assert "This category belongs to another restaurant." in said
    assert Item.objects.count() == 8


def test_orders_are_read_with_lines_and_steps(page: Client, world: World) -> None:
    order = ordered(world)
    said = text_of(page.get(f"/admin/orders/order/{order.pk}/change/"))
    for piece in ("Chicken shawarma", "SAR\xa024.00", "SAR\xa012.00", "+966 50 000 0900", "Olaya"):
        assert piece in said
    assert page.post(f"/admin/orders/order/{order.pk}/change/", {"status": "delivered"}).status_code == 403
    assert page.post(f"/admin/orders/order/{order.pk}/delete/", {"post": "yes"}).status_code == 403
    assert page.get("/admin/orders/order/add/").status_code == 403
    assert Order.objects.get().status == "placed"


def test_the_audit_log_is_only_read(page: Client, world: World) -> None:
    row = AuditEvent.objects.create(action="sender.changed", subject="S", changes={"name": ["Old", "New"]})
    assert page.get("/admin/bots/auditevent/add/").status_code == 403
    assert page.post(f"/admin/bots/auditevent/{row.pk}/change/", {"subject": "x"}).status_code == 403
    assert page.post(f"/admin/bots/auditevent/{row.pk}/delete/", {"post": "yes"}).status_code == 403
    assert AuditEvent.objects.get().subject == "S"


def test_the_audit_log_is_in_words(page: Client, world: World) -> None:
    event = AuditEvent.objects.create(
        action="sender.changed",
        subject="S",
        restaurant=world.a.restaurant,
        changes={"name": ["Old", "New"], "auth_token": ["leaked", "leaked too"]},
    )
    said = text_of(page.get(f"/admin/bots/auditevent/{event.pk}/change/"))
    assert "name: Old → New" in said
    assert "leaked" not in said


def test_what_is_named_like_a_secret_is_never_shown() -> None:
    said = str(pretty({"Body": "مرحبا", "AuthToken": "abc", "deep": [{"X-Twilio-Signature": "xyz", "n": 1}]}))
    assert "مرحبا" in said
    assert "abc" not in said
    assert "xyz" not in said
    assert (pretty({}), pretty(None)) == ("–", "–")


def test_words_from_outside_are_escaped() -> None:
    assert "<script>" not in str(pretty({"Body": "<script>alert(1)</script>"}))


LISTS = {
    "bots/restaurant": 6,
    "bots/membership": 6,
    "auth/user": 6,
    "auth/group": 5,
    "bots/apitoken": 5,
    "bots/auditevent": 8,
    "orders/category": 6,
    "orders/item": 6,
    "orders/branch": 6,
    "orders/order": 5,
    "procrastinate/procrastinatejob": 4,
}


@pytest.mark.parametrize("model", LISTS)
def test_lists_ask_the_same_however_long_they_are(
    page: Client, world: World, model: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    ordered(world)
    for n in range(5):
        house = make_house(f"House {n}", "", f"+9665000007{n:02}", "AC", "", "t", f"x{n}")
        ApiToken.objects.create(name="Till", digest=f"{n:064}", prefix="suf", restaurant=house.restaurant)
        AuditEvent.objects.create(action="a", subject="s", user=house.owner, restaurant=house.restaurant)
    with django_assert_num_queries(LISTS[model]):
        assert page.get(f"/admin/{model}/").status_code == 200


def test_staff_and_strangers_stay_outside(client: Client, world: World) -> None:
    for person in (world.a.owner, world.stranger):
        client.force_login(person)
        for model in LISTS:
            assert client.get(f"/admin/{model}/").status_code == 302


@pytest.mark.parametrize("language", ["ar", "en"])
@pytest.mark.parametrize("model", ["bots/restaurant", "bots/membership", "orders/item", "orders/order", "auth/user"])
def test_every_page_opens_in_both_languages(page: Client, world: World, model: str, language: str) -> None:
    response = page.get(f"/admin/{model}/", headers={"accept-language": language})
    assert f'lang="{language}"' in response.content.decode()
