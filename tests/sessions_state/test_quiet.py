"""Silence: a stored deadline, whoever notices it and however late."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from conversations.handoff import return_overdue, speak, take_over
from conversations.models import Message
from sessions_state import quiet
from sessions_state.models import BotSession
from sessions_state.sweep import sweep
from sessions_state.telling import talk_again
from tests.clock import NOW, later
from tests.jobs import waiting_jobs
from tests.sessions_state.customers import Customer
from tests.sessions_state.test_turns import order_by_numbers
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def customer(world: World) -> Customer:
    customer = Customer(world.a.bot)
    order_by_numbers(customer)
    return customer


def test_the_deadline_is_stored_with_each_turn(customer: Customer) -> None:
    assert customer.conversation.session.expires_at == later(minutes=30)


def test_a_message_before_the_deadline_goes_on(customer: Customer) -> None:
    customer.at = later(minutes=29)
    customer.says("4")
    assert customer.conversation.session.step == "confirming"


@pytest.mark.parametrize("swept", [True, False])
def test_after_the_deadline_the_cart_is_offered_back(customer: Customer, swept: bool) -> None:
    """The same words, whether a sweep came by meanwhile or everything was down."""
    if swept:
        assert list(quiet.expire_due(later(minutes=31))) == [customer.conversation.pk]
        assert customer.conversation.session.step == "welcome"
    customer.at = later(hours=3)
    said = customer.says("السلام عليكم")
    assert "شاورما دجاج" in said


@pytest.mark.parametrize("swept", [True, False])
def test_an_old_cart_is_gone(customer: Customer, swept: bool) -> None:
    if swept:
        list(quiet.expire_due(later(minutes=31)))
    customer.at = later(hours=25)
    assert "شاورما دجاج" not in customer.says("السلام عليكم")


def test_a_waiting_message_is_answered_before_silence_is_heard(customer: Customer) -> None:
    """It came in time, only its turn is late: the talk goes on where it was."""
    customer.at = later(minutes=10)
    customer.sends("4")
    assert list(quiet.expire_due(later(hours=1))) == []
    assert customer.conversation.session.step == "confirming"


def test_expiring_twice_changes_nothing_more(customer: Customer) -> None:
    list(quiet.expire_due(later(hours=1)))
    before = BotSession.objects.values().get()
    assert list(quiet.expire_due(later(hours=2))) == []
    assert BotSession.objects.values().get() == before


def test_nobody_is_written_to_by_a_silence(customer: Customer) -> None:
    said = Message.objects.filter(direction="OUT").count()
    list(quiet.expire_due(later(hours=1)))
    assert Message.objects.filter(direction="OUT").count() == said


def test_the_command_does_it_by_hand(customer: Customer) -> None:
    out = StringIO()
    call_command("expire_sessions", stdout=out)
    assert "1 sessions started afresh." in out.getvalue()
    assert customer.conversation.session.expires_at is None


def test_the_sweep_wakes_what_a_lost_job_left_once(customer: Customer, world: World) -> None:
    from_lost = Customer(world.a.bot, "+966550000999")
    from_lost.sends("مرحبا")
    lost_jobs()
    assert waiting_jobs() == []

    assert sweep(later(seconds=10)) == 1
    assert waiting_jobs() == ["take_turns"]
    assert sweep(later(seconds=12)) == 0, "a backlog must not breed jobs"


def test_the_sweep_leaves_fresh_messages_to_their_own_job(customer: Customer) -> None:
    customer.sends("مرحبا")
    lost_jobs()
    assert sweep(later(seconds=1)) == 0


def test_a_customer_whom_nobody_answers_gets_the_bot_back(customer: Customer) -> None:
    customer.says("موظف")
    assert return_overdue(later(hours=1)) == 0
    assert return_overdue(later(hours=2)) == 1
    assert customer.conversation.is_bot_active
    assert "talk_again" in waiting_jobs()


def lost_jobs() -> None:
    """As if they had never been."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE procrastinate_jobs CASCADE")


def test_a_person_who_falls_silent_gives_the_customer_back(customer: Customer, world: World) -> None:
    take_over(customer.conversation, world.a.agent, at=NOW)
    customer.at = later(minutes=5)
    customer.says("متى يوصل؟")
    assert return_overdue(later(minutes=119)) == 0

    assert return_overdue(later(hours=2)) == 1

    assert customer.conversation.is_bot_active
    assert talk_again(customer.conversation.pk, now=later(hours=2))


def test_a_finished_talk_with_a_person_ends_without_a_word(customer: Customer, world: World) -> None:
    take_over(customer.conversation, world.a.agent, at=NOW)
    speak(customer.conversation, "طلبك جاهز", world.a.agent, at=later(hours=1))
    assert return_overdue(later(hours=2)) == 0, "the reply extends the time"

    assert return_overdue(later(hours=3)) == 1

    assert customer.conversation.is_bot_active
    assert not talk_again(customer.conversation.pk, now=later(hours=3))
