"""Orders and the menu over REST."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from pytest_django import DjangoAssertNumQueries

from bots.models import AuditEvent, Restaurant
from orders.cart import Cart
from orders.models import Branch, Category, Item, Order, OrderEvent
from orders.placing import Destination, OrderNotPossible, place_order
from tests.api_calls import Caller, Furniture, at_once, body_of, caller, furnished, ordered, refusal
from tests.clock import NOW
from tests.jobs import waiting_jobs
from tests.world import World

ORDERS = "/api/orders"


@pytest.fixture
def own(world: World) -> Caller:
    return caller(world.a.restaurant)


@pytest.fixture
def a(world: World) -> Furniture:
    return furnished(world.a)


def codes(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [row["id"] for row in body_of(answer)]


def test_an_order_is_shown_in_full(own: Caller, a: Furniture, world: World) -> None:
    [said] = body_of(own.get(ORDERS))
    order, branch = a.order, world.a.branches[0]
    assert said == {
        "id": str(order.code),
        "number": 1,
        "restaurantId": str(a.restaurant.code),
        "conversationId": str(a.conversation.code),
        "branch": {"id": str(branch.code), "name": "Olaya", "nameAr": "فرع العليا"},
        "type": "pickup",
        "status": "placed",
        "nextStatuses": ["accepted"],
        "payment": "cash",
        "currency": "SAR",
        "total": "24.00",
        "lines": [
            {
                "itemId": str(world.a.items[0].code),
                "name": "Chicken shawarma",
                "nameAr": "شاورما دجاج",
                "quantity": 2,
                "unitPrice": "12.00",
                "total": "24.00",
            }
        ],
        "address": None,
        "latitude": None,
        "longitude": None,
        "rating": None,
        "createdAt": said["createdAt"],
        "updatedAt": said["updatedAt"],
    }
    assert said["createdAt"].endswith("Z")
    assert body_of(own.get(f"{ORDERS}/{order.code}")) == said


def test_an_order_says_what_was_ordered_then(own: Caller, a: Furniture) -> None:
    Item.objects.filter(pk=a.item.pk).update(price=99, name_en="Other")
    Restaurant.objects.filter(pk=a.restaurant.pk).update(currency="KWD")
    [said] = body_of(own.get(ORDERS))
    assert (said["total"], said["lines"][0]["name"], said["currency"]) == ("24.00", "Chicken shawarma", "SAR")
    a.item.delete()
    [said] = body_of(own.get(ORDERS))
    assert (said["lines"][0]["itemId"], said["lines"][0]["name"]) == (None, "Chicken shawarma")


def test_a_delivery_says_where_it_goes(own: Caller, a: Furniture, world: World) -> None:
    with transaction.atomic():
        order = place_order(
            restaurant=a.restaurant,
            conversation_id=a.conversation.pk,
            cart=Cart().add(str(a.item.code), 1),
            order_type="delivery",
            branch_code=str(world.a.branches[0].code),
            destination=Destination(Decimal("24.70000000000001"), Decimal("46.7"), "Olaya street 1"),
            payment="online",
            turn_id=7,
            at=NOW,
        )
    said = body_of(own.get(f"{ORDERS}/{order.code}"))
    assert (said["latitude"], said["longitude"], said["address"]) == (24.70000000000001, 46.7, "Olaya street 1")
    assert (said["type"], said["payment"]) == ("delivery", "online")


def test_newest_first_page_by_page(
    own: Caller, a: Furniture, world: World, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    furnished(world.b)
    rows = [a.order, *(ordered(world.a, a.conversation) for _ in range(4))]
    expected = [str(row.code) for row in rows][::-1]
    own.get(ORDERS)
    for limit in (1, 5):
        with django_assert_num_queries(3):  # token, page, lines
            assert codes(own.get(f"{ORDERS}?limit={limit}")) == expected[:limit]
    answer = own.get(f"{ORDERS}?limit=2")
    with django_assert_num_queries(4):  # and the place of the cursor
        following = own.get(answer["Link"].split(">")[0].lstrip("<"))
    assert codes(following) == expected[2:4]
    assert codes(own.get(f"{ORDERS}?after={expected[1]}")) == expected[:1]
    assert codes(own.get(f"{ORDERS}?limit=2&offset=1")) == expected[1:3]
    Order.objects.filter(pk=rows[1].pk).update(status="cancelled")
    assert codes(own.get(f"{ORDERS}?status=cancelled")) == [expected[3]]
    assert codes(own.get(f"{ORDERS}?status=placed&before={expected[3]}")) == [expected[4]]
    assert refusal(own.get(f"{ORDERS}?status=lost"))[0] == 400


def test_an_order_advances_step_by_step(own: Caller, a: Furniture) -> None:
    path = f"{ORDERS}/{a.order.code}/advance"
    for status in ("accepted", "preparing", "ready", "picked_up"):
        answer = own.post(path, {"status": status})
        assert (answer.status_code, body_of(answer)["status"]) == (200, status)
    assert body_of(own.get(f"{ORDERS}/{a.order.code}"))["nextStatuses"] == []
    assert waiting_jobs().count("tell_customer") == 4
    assert list(OrderEvent.objects.filter(order=a.order).values_list("by", flat=True)) == [None] * 5


@pytest.mark.parametrize("status", ["placed", "preparing", "on_the_way", "delivered", "picked_up"])
def test_a_step_that_is_not_next_is_refused(own: Caller, a: Furniture, status: str) -> None:
    answer = own.post(f"{ORDERS}/{a.order.code}/advance", {"status": status})
    assert refusal(answer)[0] == 409
    assert Order.objects.get(pk=a.order.pk).status == "placed"
    assert waiting_jobs().count("tell_customer") == 0


def test_an_order_is_cancelled_once(own: Caller, a: Furniture) -> None:
    path = f"{ORDERS}/{a.order.code}/advance"
    assert body_of(own.post(path, {"status": "cancelled"}))["status"] == "cancelled"
    assert refusal(own.post(path, {"status": "cancelled"})) == (409, "Order #1 is already cancelled.")
    assert refusal(own.post(path, {"status": "accepted"}))[0] == 409


def test_a_status_that_is_none_is_refused(own: Caller, a: Furniture) -> None:
    for wrong in ("", "ACCEPTED", "lost", 1, None):
        assert refusal(own.post(f"{ORDERS}/{a.order.code}/advance", {"status": wrong}))[0] == 400
    assert refusal(own.post(f"{ORDERS}/{a.order.code}/advance", {})) == (400, "Missing required fields: status")


@pytest.mark.django_db(transaction=True)
def test_of_many_that_advance_at_once_one_does(world: World) -> None:
    order, token = furnished(world.a).order, caller(world.a.restaurant).token
    path = f"{ORDERS}/{order.code}/advance"
    answers = at_once(lambda n: Caller(token).post(path, {"status": "accepted"}), 8)
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
    assert OrderEvent.objects.filter(order=order, status="accepted").count() == 1
    assert waiting_jobs().count("tell_customer") == 1


def test_an_advance_with_a_key_gets_its_answer_again(own: Caller, a: Furniture) -> None:
    path = f"{ORDERS}/{a.order.code}/advance"
    first, again = (own.post(path, {"status": "accepted"}, Idempotency_Key="k") for _ in range(2))
    assert (first.status_code, again.status_code, again.content) == (200, 200, first.content)
    assert OrderEvent.objects.filter(status="accepted").count() == 1


def test_the_menu(own: Caller, world: World, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    own.get("/api/menu")
    with django_assert_num_queries(3):  # token, items with categories, branches
        said = body_of(own.get("/api/menu"))
    assert (said["currency"], said["minimumOrder"]) == ("SAR", "0.00")
    assert [(row["name"], len(row["items"])) for row in said["categories"]] == [("Shawarma", 2), ("Drinks", 2)]
    item, branch = world.a.items[3], world.a.branches[1]
    assert said["categories"][1]["items"][1] == {
        "id": str(item.code),
        "name": "Cola",
        "nameAr": "كولا",
        "description": "",
        "descriptionAr": "",
        "price": "4.50",
        "isAvailable": True,
    }
    assert said["branches"][1] == {
        "id": str(branch.code),
        "name": "Malaz",
        "nameAr": "فرع الملز",
        "address": "Riyadh, Malaz",
        "addressAr": "الرياض، فرع الملز",
        "latitude": 24.66,
        "longitude": 46.735,
    }


def test_what_is_hidden_is_not_on_the_menu(own: Caller, world: World) -> None:
    Category.objects.filter(restaurant=world.a.restaurant, name_en="Drinks").update(is_active=False)
    Branch.objects.filter(pk=world.a.branches[0].pk).update(is_active=False)
    said = body_of(own.get("/api/menu"))
    assert [row["name"] for row in said["categories"]] == ["Shawarma"]
    assert [row["name"] for row in said["branches"]] == ["Malaz"]


def test_an_item_is_sold_out_and_to_be_had_again(own: Caller, a: Furniture, world: World) -> None:
    path = f"/api/menu/items/{a.item.code}"
    for _ in range(2):
        answer = own("PATCH", path, {"isAvailable": False})
        assert (answer.status_code, body_of(answer)["isAvailable"]) == (200, False)
    assert AuditEvent.objects.get(action="item.changed").changes == {"is_available": [True, False]}
    assert body_of(own.get("/api/menu"))["categories"][0]["items"][0]["isAvailable"] is False
    with pytest.raises(OrderNotPossible):
        ordered(world.a, a.conversation)
    shown = body_of(answer)
    answer = own("PATCH", path, {**shown, "isAvailable": True, "price": "0.01", "name": "Free"})
    assert body_of(answer) == {**shown, "isAvailable": True}
    item = Item.objects.get(pk=a.item.pk)
    assert (item.is_available, item.price, item.name_en) == (True, Decimal("12.000"), "Chicken shawarma")


def test_availability_is_needed_and_is_a_boolean(own: Caller, a: Furniture) -> None:
    path = f"/api/menu/items/{a.item.code}"
    assert refusal(own("PATCH", path, {})) == (400, "Missing required fields: isAvailable")
    for wrong in ("false", 0, None, 1.0):
        assert refusal(own("PATCH", path, {"isAvailable": wrong}))[0] == 400
    assert Item.objects.get(pk=a.item.pk).is_available
