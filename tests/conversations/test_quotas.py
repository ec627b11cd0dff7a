"""A sender's limits: a full minute waits, a full day fails and calls a person, and what people write always goes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.utils import timezone

from bots.models import Bot
from bots.registration import change
from conversations.content import Text
from conversations.delivery import deliver, wake_due
from conversations.handoff import speak
from conversations.models import Message, SendCount
from conversations.outbox import queue, queue_staff
from sessions_state.dialogue.loops import REPEATS_MOST
from tests.clock import NOW
from tests.deliveries import after, conversation_of, fresh, provider_bot, said, statuses
from tests.fakes import FakeTwilio
from tests.jobs import waiting_jobs
from tests.sessions_state.customers import Customer
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)


def limited(bot: Bot, minute: int, day: int) -> Bot:
    change(bot, by=None, max_messages_per_min=minute, max_messages_per_day=day)
    return provider_bot(bot)


def holds(bot: Bot) -> bool:
    return Bot.objects.get(pk=bot.pk).enforces_limits


def words(count: int) -> list[Text]:
    return [Text(f"{n}") for n in range(count)]


def test_a_limit_that_nobody_set_holds_nothing_back(world: World, twilio: FakeTwilio) -> None:
    Bot.objects.filter(pk=world.a.bot.pk).update(max_messages_per_min=1, max_messages_per_day=1)
    messages = said(provider_bot(world.a.bot), *words(3))
    deliver(messages[0].conversation_id, timezone.now)
    assert statuses(*messages) == ["accepted"] * 3
    assert not SendCount.objects.exists()


def test_a_limit_holds_once_it_is_set_and_until_that_is_turned_off(world: World) -> None:
    assert not holds(world.a.bot)
    change(world.a.bot, by=None, max_messages_per_min=world.a.bot.max_messages_per_min)
    assert not holds(world.a.bot), "the same number again sets nothing"
    change(world.a.bot, by=None, max_messages_per_min=5)
    assert holds(world.a.bot)
    change(world.a.bot, by=None, max_messages_per_min=6, enforces_limits=False)
    assert not holds(world.a.bot)


def test_a_full_minute_waits_and_goes_on_in_order(world: World, twilio: FakeTwilio) -> None:
    messages = said(limited(world.a.bot, 2, 100), *words(5))
    conversation = messages[0].conversation_id
    assert deliver(conversation, timezone.now) == 2
    assert statuses(*messages) == ["accepted", "accepted", "queued", "queued", "queued"]
    waiting = fresh(messages[2])
    assert waiting.attempts == 0 and waiting.next_attempt_at is not None
    assert waiting_jobs().count("deliver") == 2, "one with the messages, one for when the minute is over"
    assert deliver(conversation, after(59)) == 0
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE procrastinate_jobs CASCADE")  # the jobs got lost
    assert wake_due(timezone.now() + timedelta(seconds=62)) == 1
    assert deliver(conversation, after(62)) == 2
    assert deliver(conversation, after(130)) == 1
    assert [sent.body for sent in twilio.sent] == ["0", "1", "2", "3", "4"]


def test_a_full_day_fails_with_its_reason_and_calls_a_person(world: World, twilio: FakeTwilio) -> None:
    messages = said(limited(world.a.bot, 100, 3), *words(5))
    deliver(messages[0].conversation_id, timezone.now)
    assert statuses(*messages) == ["accepted"] * 3 + ["failed"] * 2
    failed = fresh(messages[3])
    assert failed.error_code == "quota" and "daily limit" in failed.error_reason
    assert failed.conversation.needs_attention
    assert len(twilio.sent) == 3
    again = queue(failed.conversation, words(1), at=timezone.now() + timedelta(hours=25))
    Message.objects.filter(pk=again[0].pk).update(created_at=timezone.now() + timedelta(hours=25))
    deliver(again[0].conversation_id, after(25 * 3600 + 60))
    assert statuses(*again) == ["accepted"]


@pytest.mark.parametrize(("minute", "day", "becomes"), [(0, 100, "queued"), (100, 0, "failed")])
def test_a_limit_of_nothing_lets_nothing_pass(
    world: World, twilio: FakeTwilio, minute: int, day: int, becomes: str
) -> None:
    messages = said(limited(world.a.bot, minute, day), *words(1))
    deliver(messages[0].conversation_id, timezone.now)
    assert statuses(*messages) == [becomes] and not twilio.sent


def test_what_a_person_writes_always_goes_and_counts(world: World, twilio: FakeTwilio) -> None:
    bot = limited(world.a.bot, 1, 1)
    conversation = conversation_of(bot)
    mine = [speak(conversation, f"{n}", world.a.agent, at=timezone.now()) for n in range(3)]
    theirs = queue_staff(conversation, Text("by another system"), None, at=timezone.now())
    deliver(conversation.pk, timezone.now)
    assert statuses(*mine, theirs) == ["accepted"] * 3 + ["failed"]
    assert SendCount.objects.get(bot=bot).in_day == 3


def test_a_sender_s_limit_is_not_another_s(world: World, twilio: FakeTwilio) -> None:
    full = said(limited(world.a.bot, 1, 1), *words(2))
    other = said(limited(world.b.bot, 1, 1), *words(1))
    deliver(full[0].conversation_id, timezone.now)
    deliver(other[0].conversation_id, timezone.now)
    assert statuses(*full, *other) == ["accepted", "failed", "accepted"]


def test_ten_workers_at_once_send_no_more_than_the_limit(world: World, twilio: FakeTwilio) -> None:
    bot = limited(world.a.bot, 100, 7)
    messages = [said(bot, Text("one"), Text("two"), address=f"+96655000{n:04d}") for n in range(10)]

    def work(conversation_id: int) -> None:
        try:
            deliver(conversation_id, timezone.now)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(work, [pair[0].conversation_id for pair in messages]))
    becomes = statuses(*[message for pair in messages for message in pair])
    assert (becomes.count("accepted"), becomes.count("failed")) == (7, 13)
    assert len(twilio.sent) == 7


def test_sixty_automatic_replies_get_no_sixty_answers(world: World, twilio: FakeTwilio) -> None:
    """Two bots that answer each other: the talk ends with a person, long before the limits are reached."""
    customer = Customer(limited(world.a.bot, 5, 10), at=NOW)
    for n in range(60):
        customer.says(f"Thank you for contacting us! Your ticket is {n}.")
    conversation = customer.conversation
    assert not conversation.is_bot_active and conversation.needs_attention
    assert conversation.handoff_reason == "looping"
    assert Message.objects.filter(conversation=conversation, direction="OUT").count() <= REPEATS_MOST
