"""Turns: one transaction each, in order, once; what fails is retried and parked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from conversations.handoff import hand_back, take_over
from conversations.inbound import retry_turn
from conversations.models import Conversation, Message
from orders.models import Order
from sessions_state import talks, turns
from sessions_state.dialogue import machine
from sessions_state.models import BotSession
from sessions_state.telling import talk_again
from sessions_state.turns import take_turns
from tests.clock import NOW, clock, later
from tests.jobs import waiting_jobs
from tests.sessions_state.customers import Customer
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def customer(world: World) -> Customer:
    return Customer(world.a.bot)


def order_by_numbers(customer: Customer) -> None:
    """Pickup from the first branch, two chicken shawarmas, cash; up to the question whether to place it."""
    for words in ("السلام عليكم", "1", "2", "1", "1", "1", "2", "1", "1"):
        customer.says(words)


def test_a_whole_order_is_placed_once_with_frozen_prices(customer: Customer, world: World) -> None:
    order_by_numbers(customer)
    said = customer.says("1")

    order = Order.objects.get()
    line = order.lines.get()
    assert (order.type, order.payment, order.branch) == ("pickup", "cash", world.a.branches[0])
    assert (line.quantity, line.unit_price, order.total) == (2, Decimal(12), Decimal(24))
    assert str(order.number) in said
    assert customer.conversation.session.step == "tracking"


def test_confirming_twice_places_one_order(customer: Customer) -> None:
    order_by_numbers(customer)
    customer.says("1")
    customer.taps("confirm:yes")
    customer.says("نعم")
    assert Order.objects.count() == 1


def test_where_is_my_order_is_answered_from_the_database(customer: Customer) -> None:
    order_by_numbers(customer)
    customer.says("1")
    assert str(Order.objects.get().number) in customer.says("وين طلبي")


def test_a_turn_takes_at_most_eight_statements(customer: Customer) -> None:
    """Menu, session, message, state, replies, conversation: everything but placing an order. The job that delivers
    the replies is deferred by one more, which belongs to the job."""
    order_by_numbers(customer)
    conversation = customer.conversation
    for words in ("السلة", "وين طلبي", "menu", "1", "موظف"):
        customer.sends(words)
        with CaptureQueriesContext(connection) as captured:
            turns._take_turn(conversation.pk, clock(NOW))
        statements = [
            query["sql"]
            for query in captured
            if query["sql"] not in {"BEGIN", "COMMIT"}
            and "SAVEPOINT" not in query["sql"]
            and "procrastinate" not in query["sql"]
        ]
        assert len(statements) <= 8, "\n".join(statements)


def test_two_workers_answer_a_message_once(customer: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rival comes while the first turn thinks: it finds the message locked, not open."""
    message = customer.sends("السلام عليكم")
    thought = machine.take_turn
    rivals: list[int] = []

    def think_with_a_rival(*args: Any) -> Any:
        with CaptureQueriesContext(connection):
            rivals.append(_visible_to_a_rival(message))
        return thought(*args)

    monkeypatch.setattr(machine, "take_turn", think_with_a_rival)
    take_turns(customer.conversation.pk, clock(NOW))

    assert rivals == [0]
    assert message.replies.filter(position=0).count() == 1


def test_who_waits_for_a_conversation_holds_none_of_its_messages(customer: Customer) -> None:
    """Else two workers that meet in one conversation deadlock."""
    message = customer.sends("السلام عليكم")
    rival = connection.copy()
    with ThreadPoolExecutor(1) as thread:
        try:
            rival.set_autocommit(False)
            with rival.cursor() as cursor:
                cursor.execute("SELECT 1 FROM conversations_conversation FOR NO KEY UPDATE")
                turn = thread.submit(_turns_in_a_thread, message.conversation_id)
                _wait_until_somebody_waits_for_a_lock()
                cursor.execute("SELECT 1 FROM conversations_message WHERE id = %s FOR UPDATE NOWAIT", [message.pk])
        finally:
            rival.close()
        assert turn.result(timeout=30) == 1


def _turns_in_a_thread(conversation_id: int) -> int:
    try:
        return take_turns(conversation_id, clock(NOW))
    finally:
        connection.close()


def _wait_until_somebody_waits_for_a_lock(patience: float = 30.0) -> None:
    limit = time.monotonic() + patience
    with connection.cursor() as cursor:
        while time.monotonic() < limit:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
            time.sleep(0.02)
    raise AssertionError("nobody waits")


def _visible_to_a_rival(message: Message) -> int:
    """How many messages a second connection could take now."""
    rival = connection.copy()
    try:
        with rival.cursor() as cursor:
            cursor.execute(
                "SELECT id FROM conversations_message WHERE id = %s AND handled_at IS NULL FOR UPDATE SKIP LOCKED",
                [message.pk],
            )
            return len(cursor.fetchall())
    finally:
        rival.close()


def test_replies_and_state_are_rolled_back_with_the_turn(customer: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    customer.says("السلام عليكم")
    before = BotSession.objects.values().get()
    said = Message.objects.filter(direction="OUT").count()
    jobs = waiting_jobs()
    message = customer.sends("1")

    def killed(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(talks, "queue", killed)
    with pytest.raises(KeyboardInterrupt):
        take_turns(customer.conversation.pk, clock(NOW))

    assert BotSession.objects.values().get() == before
    assert Message.objects.filter(direction="OUT").count() == said
    assert waiting_jobs() == [*jobs, "take_turns"]
    message.refresh_from_db()
    assert message.handled_at is None


class TestFailure:
    @pytest.fixture
    def broken(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
        def broken(*_: Any) -> None:
            raise ZeroDivisionError("the customer's words: شاورما")

        with monkeypatch.context() as patch:
            patch.setattr(machine, "take_turn", broken)
            yield patch

    def test_a_turn_that_fails_is_tried_again_later(self, customer: Customer, broken: pytest.MonkeyPatch) -> None:
        message = customer.sends("السلام عليكم")
        take_turns(customer.conversation.pk, clock(NOW))

        message.refresh_from_db()
        assert (message.turn_attempts, message.handled_at, message.turn_error) == (1, None, "")
        assert message.next_attempt_at == later(seconds=1)
        assert not message.replies.exists()

        broken.undo()
        take_turns(customer.conversation.pk, clock(NOW))
        assert not message.replies.exists(), "not before its time"
        take_turns(customer.conversation.pk, clock(later(seconds=1)))
        assert message.replies.exists()

    def test_the_third_failure_parks_it_and_says_sorry(self, customer: Customer, broken: pytest.MonkeyPatch) -> None:
        message = customer.sends("السلام عليكم")
        for minute in range(3):
            take_turns(customer.conversation.pk, clock(later(minutes=minute)))

        message.refresh_from_db()
        assert message.handled_at is not None
        assert message.turn_error == "ZeroDivisionError"
        assert message.body == "السلام عليكم"
        assert customer.conversation.needs_attention
        sorry = Message.objects.get(direction="OUT")
        assert "نعتذر" in sorry.body

    def test_what_is_parked_lets_the_next_ones_pass_and_can_be_retried(
        self, customer: Customer, broken: pytest.MonkeyPatch
    ) -> None:
        parked = customer.sends("السلام عليكم")
        for minute in range(3):
            take_turns(customer.conversation.pk, clock(later(minutes=minute)))
        broken.undo()
        assert customer.says("1")

        retry_turn(parked)
        take_turns(customer.conversation.pk, clock(later(minutes=5)))

        parked.refresh_from_db()
        assert parked.turn_error == ""
        assert parked.replies.exists()

    def test_retrying_what_was_answered_changes_nothing(self, customer: Customer) -> None:
        customer.says("السلام عليكم")
        message = Message.objects.get(direction="IN")
        retry_turn(message)
        message.refresh_from_db()
        assert message.handled_at is not None


class TestStaff:
    def test_the_bot_is_silent_while_staff_own_the_conversation(self, customer: Customer, world: World) -> None:
        order_by_numbers(customer)
        take_over(customer.conversation, world.a.agent, at=NOW)

        assert customer.says("1") == ""

        assert not Order.objects.exists()
        assert Message.objects.filter(direction="IN", handled_at__isnull=True).count() == 0

    def test_handed_back_the_cart_is_still_there(self, customer: Customer, world: World) -> None:
        order_by_numbers(customer)
        take_over(customer.conversation, world.a.agent, at=NOW)
        customer.says("هل عندكم كبسة؟")

        assert hand_back(customer.conversation, at=NOW)
        assert talk_again(customer.conversation.pk, now=NOW)
        assert not talk_again(customer.conversation.pk, now=NOW), "it says so once"

        assert "شاورما دجاج" in customer.says("السلة")

    def test_asking_for_staff_silences_the_bot_until_somebody_is_overdue(self, customer: Customer) -> None:
        customer.says("السلام عليكم")
        assert customer.says("موظف")
        conversation = customer.conversation
        assert (conversation.is_bot_active, conversation.needs_attention) == (False, True)
        assert conversation.handoff_until == later(hours=2)
        assert customer.says("هلا؟") == ""

    def test_a_paused_sender_says_one_polite_line(self, customer: Customer, world: World) -> None:
        order_by_numbers(customer)
        before = customer.conversation.session.state
        type(world.a.bot).objects.update(is_active=False, support_contact="0112345678")
        assert customer.says("1").endswith("0112345678")
        assert customer.says("1") == "", "once is enough"
        assert not Order.objects.exists()
        assert customer.conversation.session.state == before
        type(world.a.bot).objects.update(is_active=True)
        customer.says("1")
        assert Order.objects.count() == 1, "the talk goes on where it was"

    def test_a_restaurant_that_is_off_does_not_answer(self, customer: Customer, world: World) -> None:
        type(world.a.restaurant).objects.update(is_active=False)
        assert customer.says("السلام عليكم") == ""
        assert Message.objects.get().handled_at is not None


def test_one_customer_of_two_restaurants_has_two_carts_and_two_languages(world: World) -> None:
    here, there = Customer(world.a.bot), Customer(world.b.bot)
    order_by_numbers(here)
    there.says("English")
    there.says("menu")

    sessions = {row.conversation.bot_id: row for row in BotSession.objects.select_related("conversation")}
    mine, theirs = sessions[world.a.bot.pk], sessions[world.b.bot.pk]
    assert (mine.state["language"], theirs.state["language"]) == ("ar", "en")
    assert mine.state["cart"] and not theirs.state["cart"]


def test_a_turn_is_the_outermost_transaction(customer: Customer) -> None:
    customer.sends("السلام عليكم")
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        turns._take_turn(customer.conversation.pk, clock(NOW))
    assert Conversation.objects.get().messages.filter(direction="OUT").count() == 0
