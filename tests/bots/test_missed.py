"""What was missed is read in few questions, each a stretch of an index."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from bots import missed
from conversations.models import Conversation, Message
from orders.models import Order
from sufrah.asgi import ROOMS
from tests.bots.test_socket_resume import MINUTE, an_order_and_all_around_it, now
from tests.inbox import make_conversation, make_inbound
from tests.world import House, World

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_costs_five_questions_however_much_was_missed(
    world: World, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    an_order_and_all_around_it(world.a)
    codes = {str(house.restaurant.code) for house in (world.a, world.b)}
    with django_assert_num_queries(5):  # restaurants; senders, messages, conversations, orders
        assert missed.catch_up(ROOMS, codes, now(), timezone.now())
    with django_assert_num_queries(0):
        assert missed.catch_up(ROOMS, codes, 0, timezone.now()) is None


@pytest.mark.parametrize("houses", ["a", "ab"])
def test_each_is_a_stretch_of_an_index(world: World, houses: str) -> None:
    _many_changes(world)
    ids = [getattr(world, name).restaurant.pk for name in houses]
    with CaptureQueriesContext(connection) as seen:
        found = [said for room in ROOMS[1:] for said in room(ids, now() - 5 * MINUTE, 501)]
    assert len(found) == (3 * 5 * len(houses))
    for query, index in zip(seen, ("messages_changed", "conversations_changed", "orders_changed"), strict=True):
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {query['sql']}")
            plan = "\n".join(line for (line,) in cursor.fetchall())
        assert f"using {index}" in plan, plan
        assert "Sort" not in plan, plan


def _many_changes(world: World) -> None:
    """One change a minute for two days, in every table."""
    for house in (world.a, world.b):
        talk = make_conversation(house)
        make_inbound(talk, "x")
        order = _order(house, talk)
        _copied(Conversation, talk.pk, customer_address="'x' || n")
        _copied(Message, talk.messages.get().pk, provider_sid="NULL")
        _copied(Order, order.pk, number="n", placed_by_turn="NULL")


def _order(house: House, talk: Conversation) -> Order:
    return Order.objects.create(
        restaurant=house.restaurant,
        conversation=talk,
        branch=house.branches[0],
        number=100_000,
        type="pickup",
        payment="cash",
        currency="SAR",
        total=1,
    )


def _copied(model: type[Conversation] | type[Message] | type[Order], pk: int, minutes: int = 2880, **own: str) -> None:
    """Copies of the row, one for each minute back from now. Each column is an expression of `n`."""
    own |= {"code": "gen_random_uuid()", "version": f"{now()} - 60000 * n + 30000"}
    columns = [str(field.column) for field in model._meta.concrete_fields if not field.primary_key]
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) "  # noqa: S608 - our own names
            f"SELECT {', '.join(own.get(column, column) for column in columns)} "
            f"FROM {table}, generate_series(1, {minutes}) n WHERE id = {pk}"
        )
        cursor.execute(f"ANALYZE {table}")
