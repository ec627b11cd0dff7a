"""The sweep finds what a lost job left, the simulator plays a phone, and the provider's reports come back."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from bots.models import Bot
from conversations import channels, delivery
from conversations.channels import simulated_sid
from conversations.claims import claim_next
from conversations.content import Text
from conversations.delivery import deliver, oldest_unsent_at, wake_due
from conversations.models import Message, StatusReport
from tests.deliveries import EVERYTHING, after, fresh, provider_bot, said, serving, statuses
from tests.fake_account import Failure
from tests.fakes import FakeTwilio
from tests.jobs import run_jobs, waiting_jobs
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def bot(world: World) -> Bot:
    return provider_bot(world.a.bot)


def lose_all_jobs() -> None:
    ProcrastinateJob.objects.all()._raw_delete("default")


def test_a_lost_job_is_made_again_once(bot: Bot) -> None:
    message = said(bot)[0]
    lose_all_jobs()
    assert wake_due(timezone.now()) == 0, "a fresh message still has the job that came with it"
    assert wake_due(after(2)()) == 1
    assert wake_due(after(4)()) == 0, "that job waits; another would only pile up"
    assert ProcrastinateJob.objects.get().args == {"conversation_id": message.conversation_id}


def test_nothing_is_woken_for_what_must_wait(bot: Bot, twilio: FakeTwilio) -> None:
    message = said(bot)[0]
    lose_all_jobs()
    twilio.fail(Failure(status=429, code=20429, retry_after=60))
    deliver(message.conversation_id, timezone.now)
    lose_all_jobs()
    assert wake_due(after(30)()) == 0, "the second waits behind the first"
    assert wake_due(after(61)()) == 1


def test_what_a_dead_worker_held_is_woken_after_its_lease(bot: Bot) -> None:
    message = said(bot)[0]
    lose_all_jobs()
    assert claim_next(serving(message), timezone.now())
    assert wake_due(after(6)()) == 0
    assert wake_due(after(11)()) == 1


def test_what_waits_for_a_retired_sender_or_too_long_is_woken_to_fail(bot: Bot) -> None:
    said(bot)
    lose_all_jobs()
    type(bot.restaurant).objects.update(is_active=False)
    assert wake_due(after(3000)()) == 0
    assert wake_due(after(3700)()) == 1
    lose_all_jobs()
    Bot.objects.update(retired_at=timezone.now())
    assert wake_due(after(5)()) == 1


def test_a_sweep_is_bounded_and_cheap(
    bot: Bot, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    for n in range(5):
        said(bot, address=f"+96655000030{n}")
    lose_all_jobs()
    monkeypatch.setattr(delivery, "WOKEN_AT_ONCE", 3)
    assert wake_due(after(2)()) == 3
    with django_assert_num_queries(2):
        wake_due(after(2)())


def test_the_oldest_that_waits(bot: Bot, twilio: FakeTwilio) -> None:
    assert oldest_unsent_at() is None
    messages = said(bot)
    assert oldest_unsent_at() == messages[0].created_at
    deliver(messages[0].conversation_id, timezone.now)
    assert oldest_unsent_at() is None


def test_a_pause_wakes_its_own_job(bot: Bot, twilio: FakeTwilio) -> None:
    message = said(bot)[0]
    lose_all_jobs()
    twilio.fail(Failure(status=429, code=20429, retry_after=60))
    deliver(message.conversation_id, timezone.now)
    job = ProcrastinateJob.objects.get()
    assert job.task_name == "deliver"
    assert job.scheduled_at
    assert job.scheduled_at > timezone.now() + timedelta(seconds=50)


def test_pauses_grow_and_end() -> None:
    first, later, last = delivery.pause_after(1), delivery.pause_after(5), delivery.pause_after(30)
    assert timedelta(seconds=0.75) <= first <= timedelta(seconds=1.25)
    assert timedelta(seconds=12) <= later <= timedelta(seconds=20)
    assert timedelta(seconds=225) <= last <= timedelta(seconds=375)


def test_the_job_delivers(bot: Bot, twilio: FakeTwilio) -> None:
    messages = said(bot)
    run_jobs()
    assert statuses(*messages) == ["accepted", "accepted"]


def test_the_simulators_phone_sends_delivers_and_reads(world: World) -> None:
    messages = said(world.a.bot, *EVERYTHING)
    until = time.monotonic() + 20
    while waiting_jobs() and time.monotonic() < until:
        run_jobs()
    assert statuses(*messages) == ["read"] * len(EVERYTHING)
    assert [fresh(message).provider_sid for message in messages] == [simulated_sid(message) for message in messages]
    assert StatusReport.objects.count() == 3 * len(EVERYTHING)


def test_the_simulator_sends_once_however_often_it_is_asked(world: World) -> None:
    message = said(world.a.bot, Text("one"))[0]
    assert claim_next(serving(message), timezone.now())
    assert deliver(message.conversation_id, after(11)) == 1
    assert fresh(message).provider_sid == simulated_sid(message)


@pytest.mark.parametrize("by_code", [True, False])
def test_the_providers_reports_come_back(
    bot: Bot, live_server: Any, settings: Any, monkeypatch: pytest.MonkeyPatch, by_code: bool
) -> None:
    """Signed with the sender's own token, by the message's own address or by the sender's default."""
    if not by_code:
        monkeypatch.setattr(channels, "status_callback_of", lambda _: "")
    with FakeTwilio(callbacks=["sent", "delivered", "read"], callbacks_to=live_server.url) as twilio:
        settings.PUBLIC_BASE_URL, settings.TWILIO_API_BASE_URL = live_server.url, twilio.url
        messages = said(bot)
        deliver(messages[0].conversation_id, timezone.now)
        until = time.monotonic() + 10
        while Message.objects.exclude(status="read").exists() and time.monotonic() < until:
            time.sleep(0.02)
    assert [bool(sent.status_callback) for sent in twilio.sent] == [by_code, by_code]
    assert statuses(*messages) == ["read", "read"]
