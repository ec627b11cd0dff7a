"""Placing an order, moving it on, cancelling and rating it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.http import Http404
from django.utils import timezone, translation
from procrastinate.contrib.django.models import ProcrastinateJob
from pytest_django import DjangoCaptureOnCommitCallbacks

from bots import live
from bots.models import Restaurant
from bots.versions import version_at
from conversations.models import Conversation
from orders import placing
from orders.access import order_for, orders_of
from orders.cart import Cart
from orders.catalogue import menu_of
from orders.models import Branch, Item, Order, OrderCounter, OrderEvent, OrderLine
from orders.placing import Destination, NotPossible, OrderNotPossible, place_order
from tests.world import House, World, make_world

NOW = timezone.now()
HERE = Destination(Decimal("24.70000000000001"), Decimal("46.70"), "Olaya street 1")
Announced = list[live.Announcement]


@pytest.fixture
def announced(monkeypatch: pytest.MonkeyPatch) -> Announced:
    said: Announced = []
    monkeypatch.setattr(live, "_publish", said.append)
    return said


def talk_with(house: House, address: str = "+966500000900") -> Conversation:
    return Conversation.objects.create(
        restaurant=house.restaurant, bot=house.bot, customer_address=address, last_message_at=NOW
    )


def ask(house: House, conversation: Conversation, turn_id: int = 1, **changes: Any) -> dict[str, Any]:
    chicken, beef, *_ = house.items
    return {
        "restaurant": house.restaurant,
        "conversation_id": conversation.pk,
        "cart": Cart().add(str(chicken.code), 2).add(str(beef.code), 1),
        "order_type": "delivery",
        "branch_code": str(house.branches[0].code),
        "destination": HERE,
        "payment": "cash",
        "turn_id": turn_id,
        "at": NOW,
        **changes,
    }


def rows() -> tuple[int, int, int, list[int]]:
    counters = list(OrderCounter.objects.values_list("last_number", flat=True))
    return Order.objects.count(), OrderLine.objects.count(), OrderEvent.objects.count(), counters


def woken() -> list[int]:
    """The steps that a job will tell the customer of, in the order of the jobs. (Jobs of earlier tests may be left.)"""
    events = set(OrderEvent.objects.values_list("pk", flat=True))
    jobs = ProcrastinateJob.objects.filter(task_name="tell_customer").order_by("id")
    return [job.args["order_event_id"] for job in jobs if job.args["order_event_id"] in events]


def test_an_order_freezes_names_and_prices(world: World) -> None:
    order = place_order(**ask(world.a, talk_with(world.a)))
    Item.objects.filter(restaurant=world.a.restaurant).update(price=99, name_ar="آخر", name_en="Other")
    order.refresh_from_db()
    assert (order.number, order.total, order.currency, order.status) == (1, Decimal("39.00"), "SAR", "placed")
    assert (order.latitude, order.address) == (HERE.latitude, HERE.address)
    assert list(order.lines.values_list("name_ar", "name_en", "quantity", "unit_price", "total")) == [
        ("شاورما دجاج", "Chicken shawarma", 2, Decimal("12"), Decimal("24")),
        ("شاورما لحم", "Beef shawarma", 1, Decimal("15"), Decimal("15")),
    ]
    assert [line.item for line in order.lines.all()] == list(world.a.items[:2])


def test_the_talk_tells_of_placing_itself(
    world: World, announced: Announced, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        order = place_order(**ask(world.a, talk_with(world.a)))
        assert announced == []
    assert order.events.get().told_at == NOW
    assert woken() == []
    assert [(said.type, said.restaurant_code, said.ids) for said in announced] == [
        ("order.created", str(world.a.restaurant.code), {"orderId": str(order.code)})
    ]


def test_a_pickup_has_no_destination(world: World) -> None:
    order = place_order(**ask(world.a, talk_with(world.a), order_type="pickup"))
    order.refresh_from_db()
    assert (order.type, order.latitude, order.longitude, order.address) == ("pickup", None, None, "")


def test_a_delivery_without_a_destination_is_a_mistake_of_the_caller(world: World) -> None:
    with pytest.raises(ValueError, match="destination"):
        place_order(**ask(world.a, talk_with(world.a), destination=None))
    assert rows() == (0, 0, 0, [])


def test_one_turn_places_one_order(world: World) -> None:
    asked = ask(world.a, talk_with(world.a))
    assert place_order(**asked) == place_order(**asked)
    assert rows() == (1, 2, 1, [1])


def test_every_restaurant_counts_by_itself(world: World) -> None:
    here, there = talk_with(world.a), talk_with(world.b)
    numbers = [
        place_order(**ask(house, talk, turn)).number
        for turn, (house, talk) in enumerate([(world.a, here), (world.b, there), (world.a, here)], start=1)
    ]
    assert numbers == [1, 1, 2]


def _sell_out(house: House) -> None:
    Item.objects.filter(pk=house.items[0].pk).update(is_available=False)


def _hide_category(house: House) -> None:
    house.items[0].category.is_active = False
    house.items[0].category.save(update_fields=["is_active"])


def _raise_minimum(house: House) -> None:
    Restaurant.objects.filter(pk=house.restaurant.pk).update(minimum_order=Decimal("39.01"))


def _close_branch(house: House) -> None:
    Branch.objects.filter(pk=house.branches[0].pk).update(is_active=False)


def _close_restaurant(house: House) -> None:
    Restaurant.objects.filter(pk=house.restaurant.pk).update(is_active=False)


@pytest.mark.parametrize(
    ("meanwhile", "reason"),
    [
        (_sell_out, "gone"),
        (_hide_category, "gone"),
        (_raise_minimum, "minimum"),
        (_close_branch, "branch"),
        (_close_restaurant, "closed"),
    ],
)
def test_what_changed_meanwhile_refuses_and_writes_nothing(
    world: World, meanwhile: Callable[[House], None], reason: str
) -> None:
    asked = ask(world.a, talk_with(world.a))
    meanwhile(world.a)
    with pytest.raises(OrderNotPossible) as refused:
        place_order(**asked)
    assert refused.value.reason == reason
    assert rows() == (0, 0, 0, [])


def test_an_empty_cart_is_no_order(world: World) -> None:
    with pytest.raises(OrderNotPossible) as refused:
        place_order(**ask(world.a, talk_with(world.a), cart=Cart()))
    assert (refused.value.reason, rows()) == ("gone", (0, 0, 0, []))


@pytest.mark.parametrize("what", ["cart", "branch", "no code"])
def test_another_restaurants_things_cannot_be_ordered(world: World, what: str) -> None:
    changes: dict[str, dict[str, Any]] = {
        "cart": {"cart": Cart().add(str(world.b.items[0].code), 1)},
        "branch": {"branch_code": str(world.b.branches[0].code)},
        "no code": {"branch_code": "the one around the corner"},
    }
    with pytest.raises(OrderNotPossible) as refused:
        place_order(**ask(world.a, talk_with(world.a), **changes[what]))
    assert refused.value.reason == ("gone" if what == "cart" else "branch")
    assert rows() == (0, 0, 0, [])


def beside(act: Callable[[], Any]) -> Any:
    """Done by another connection, committed when this returns."""

    def run() -> Any:
        try:
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result(timeout=20)


def once_at_the_menu(monkeypatch: pytest.MonkeyPatch, rival: Callable[[], Any]) -> None:
    """The rival acts while our order has looked around, and before it is written."""

    def menu_and_rival(restaurant: Restaurant) -> Any:
        monkeypatch.setattr(placing, "menu_of", menu_of)
        beside(rival)
        return menu_of(restaurant)

    monkeypatch.setattr(placing, "menu_of", menu_and_rival)


@pytest.mark.django_db(transaction=True)
def test_a_rival_in_the_same_turn_gives_one_order(monkeypatch: pytest.MonkeyPatch) -> None:
    world = make_world()
    asked = ask(world.a, talk_with(world.a))
    once_at_the_menu(monkeypatch, lambda: place_order(**asked))
    with transaction.atomic():
        order = place_order(**asked)
    assert order == Order.objects.get()
    assert rows() == (1, 2, 1, [1])


@pytest.mark.django_db(transaction=True)
def test_numbers_have_no_doubles_and_no_gaps(monkeypatch: pytest.MonkeyPatch) -> None:
    world = make_world()
    talk = talk_with(world.a)

    def rivals() -> None:
        place_order(**ask(world.a, talk, 2))
        with transaction.atomic():
            place_order(**ask(world.a, talk, 3))
            transaction.set_rollback(True)

    once_at_the_menu(monkeypatch, rivals)
    with transaction.atomic():
        place_order(**ask(world.a, talk, 1))
    assert list(Order.objects.order_by("number").values_list("number", "placed_by_turn")) == [(1, 2), (2, 1)]


def placed(house: House, order_type: str = "delivery", turn_id: int = 1) -> Order:
    talk = Conversation.objects.filter(bot=house.bot).first() or talk_with(house)
    return place_order(**ask(house, talk, turn_id, order_type=order_type))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("order_type", "steps"),
    [
        ("delivery", ["accepted", "preparing", "ready", "on_the_way", "delivered"]),
        ("pickup", ["accepted", "preparing", "ready", "picked_up"]),
    ],
)
def test_an_order_goes_its_way_and_the_customer_is_told(
    order_type: str, steps: list[str], announced: Announced
) -> None:
    world = make_world()
    order = placed(world.a, order_type)
    announced.clear()
    for step in steps:
        assert [str(status) for status in placing.next_statuses(order)] == [step]
        placing.advance(order, step, world.a.agent, at=NOW)
    order.refresh_from_db()
    assert (order.status, order.version, placing.next_statuses(order)) == (steps[-1], version_at(NOW) + len(steps), ())
    events = OrderEvent.objects.filter(told_at=None)
    assert [(event.status, event.by) for event in events] == [(step, world.a.agent) for step in steps]
    assert woken() == [event.pk for event in events]
    assert [(said.type, said.version) for said in announced] == [
        ("order.updated", version_at(NOW) + step) for step in range(1, len(steps) + 1)
    ]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("status", ["preparing", "picked_up", "placed", "cancelled", "eaten", ""])
def test_a_step_that_is_not_next_is_refused(status: str) -> None:
    world = make_world()
    order = placed(world.a)
    with pytest.raises(NotPossible, match="#1"):
        placing.advance(order, status, world.a.agent, at=NOW)
    order.refresh_from_db()
    assert (order.status, order.version, OrderEvent.objects.count()) == ("placed", version_at(NOW), 1)


@pytest.mark.django_db(transaction=True)
def test_two_clicks_advance_once() -> None:
    world = make_world()
    first = placed(world.a)
    second = Order.objects.get()
    placing.advance(first, "accepted", world.a.agent, at=NOW)
    with pytest.raises(NotPossible, match=r"Order #1 is already accepted\."):
        placing.advance(second, "accepted", world.a.owner, at=NOW)
    assert OrderEvent.objects.count() == 2
    assert woken() == [OrderEvent.objects.get(status="accepted").pk]


@pytest.mark.django_db(transaction=True)
def test_accepting_what_was_cancelled_meanwhile_says_so_in_the_readers_language() -> None:
    world = make_world()
    first = placed(world.a)
    second = Order.objects.get()
    placing.cancel(first, world.a.agent, at=NOW)
    with translation.override("en"), pytest.raises(NotPossible, match="already cancelled"):
        placing.advance(second, "accepted", world.a.agent, at=NOW)
    assert Order.objects.get().status == "cancelled"


@pytest.mark.django_db(transaction=True)
def test_an_order_can_be_cancelled_until_it_is_done() -> None:
    world = make_world()
    order = placed(world.a)
    for step in ("accepted", "preparing", "ready", "on_the_way"):
        placing.advance(order, step, None, at=NOW)
        assert placing.can_cancel(order)
    placing.advance(order, "delivered", None, at=NOW)
    with pytest.raises(NotPossible):
        placing.cancel(order, None, at=NOW)
    assert Order.objects.get().status == "delivered"


def test_a_rating_belongs_to_the_customer_and_to_an_order_that_arrived(world: World) -> None:
    order = placed(world.a)
    theirs, other = order.conversation_id, talk_with(world.a, "+966500000901").pk
    assert not placing.rate(str(order.code), theirs, 5, at=NOW)
    Order.objects.update(status="delivered")
    assert not placing.rate(str(order.code), other, 1, at=NOW)
    assert not placing.rate(str(uuid4()), theirs, 1, at=NOW)
    assert not placing.rate("no code", theirs, 1, at=NOW)
    with pytest.raises(ValueError, match="1 to 5"):
        placing.rate(str(order.code), theirs, 6, at=NOW)
    assert Order.objects.get().rating is None
    assert placing.rate(str(order.code), theirs, 4, at=NOW)
    assert (Order.objects.get().rating, Order.objects.get().version) == (4, version_at(NOW) + 1)


def test_a_customer_sees_the_open_ones_and_the_last_closed(world: World) -> None:
    orders = [placed(world.a, turn_id=turn) for turn in range(1, 6)]
    placed(world.b, turn_id=9)
    Order.objects.filter(pk__in=[orders[0].pk, orders[2].pk]).update(status="delivered")
    Order.objects.filter(pk=orders[1].pk).update(status="cancelled")
    assert [order.number for order in placing.seen_by(orders[0].conversation_id)] == [5, 4, 3]
    assert placing.seen_by(talk_with(world.a, "+966500000902").pk) == []


def test_staff_reach_their_own_orders_alone(world: World) -> None:
    order = placed(world.a)
    assert order_for(world.a.agent, str(order.code)) == order
    assert list(orders_of(world.b.owner)) == []
    for person in (world.b.owner, world.stranger):
        with pytest.raises(Http404):
            order_for(person, order.code)


def test_the_cart_is_never_changed(world: World) -> None:
    asked = ask(world.a, talk_with(world.a))
    before = replace(asked["cart"])
    place_order(**asked)
    assert asked["cart"] == before
