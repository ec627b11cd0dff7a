"""The customer hears of an order's steps, each once and in order."""

from __future__ import annotations

import pytest

from conversations.handoff import take_over
from conversations.models import Message
from orders.models import Order, OrderEvent
from orders.placing import advance, cancel
from sessions_state.telling import tell_customer
from tests.clock import NOW
from tests.jobs import run_jobs, waiting_jobs
from tests.sessions_state.customers import Customer
from tests.sessions_state.test_turns import order_by_numbers
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def order(world: World) -> Order:
    customer = Customer(world.a.bot)
    order_by_numbers(customer)
    customer.says("1")
    return Order.objects.get()


def said() -> list[str]:
    return list(
        Message.objects.filter(direction="OUT", answers__isnull=True).order_by("id").values_list("body", flat=True)
    )


def test_each_step_is_told_once(order: Order, world: World) -> None:
    advance(order, "accepted", world.a.agent, at=NOW)
    event = OrderEvent.objects.get(status="accepted")
    assert "tell_customer" in waiting_jobs()

    assert tell_customer(event.pk, now=NOW) == 1
    assert tell_customer(event.pk, now=NOW) == 0

    assert len(said()) == 1
    assert str(order.number) in said()[0]


def test_steps_are_told_in_order_whichever_job_comes_first(order: Order, world: World) -> None:
    for status in ("accepted", "preparing"):
        advance(Order.objects.get(), status, world.a.agent, at=NOW)
    later_event = OrderEvent.objects.get(status="preparing")
    assert tell_customer(later_event.pk, now=NOW) == 2
    told = list(OrderEvent.objects.exclude(status="placed").order_by("told_at", "id").values_list("status", flat=True))
    assert told == ["accepted", "preparing"]


def test_picked_up_asks_for_stars_and_keeps_them(order: Order, world: World) -> None:
    for status in ("accepted", "preparing", "ready", "picked_up"):
        advance(Order.objects.get(), status, world.a.agent, at=NOW)
    tell_customer(OrderEvent.objects.latest("id").pk, now=NOW)
    Customer(world.a.bot).says("٥")
    assert Order.objects.get().rating == 5


def test_staff_who_own_the_talk_speak_for_themselves(order: Order, world: World) -> None:
    take_over(Customer(world.a.bot).conversation, world.a.agent, at=NOW)
    cancel(order, world.a.agent, at=NOW)
    tell_customer(OrderEvent.objects.latest("id").pk, now=NOW)
    assert said() == []
    assert not OrderEvent.objects.filter(told_at__isnull=True).exists()


def test_an_order_that_does_not_exist_is_nothing_to_tell(order: Order) -> None:
    assert tell_customer(order.pk + 1000, now=NOW) == 0


def test_the_real_worker_tells_and_sends(order: Order, world: World) -> None:
    advance(order, "accepted", world.a.agent, at=NOW)
    run_jobs()
    assert set(waiting_jobs()) <= {"walk_simulated"}
    assert len(said()) == 1
    assert not Message.objects.filter(status="queued").exists()
