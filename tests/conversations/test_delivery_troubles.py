"""What the provider refuses, delays or leaves in doubt, and senders that are off."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from bots.models import Bot
from conversations import channels, delivery
from conversations.content import Text
from conversations.delivery import deliver
from conversations.models import Message
from conversations.outbox import queue
from tests.deliveries import Killed, after, dies_at, fresh, provider_bot, said, statuses
from tests.fake_account import Failure
from tests.fakes import FakeTwilio
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def bot(world: World) -> Bot:
    return provider_bot(world.a.bot)


def test_throttled_messages_wait_and_keep_their_order(bot: Bot, twilio: FakeTwilio) -> None:
    messages = said(bot)
    twilio.fail(Failure(status=429, code=20429, retry_after=30))
    began = timezone.now()
    assert deliver(messages[0].conversation_id, timezone.now) == 1
    first = fresh(messages[0])
    assert (first.status, first.error_code, first.attempts) == ("queued", "20429", 1)
    assert first.next_attempt_at
    assert first.next_attempt_at >= began + timedelta(seconds=30)
    assert deliver(messages[0].conversation_id, after(20)) == 0
    assert deliver(messages[0].conversation_id, after(40)) == 2
    assert [sent.body for sent in twilio.sent] == ["one", "two"]
    assert (fresh(messages[0]).error_code, fresh(messages[0]).error_reason) == ("", "")


@pytest.mark.parametrize("how", ["answer", "drop", "accept_then_answer", "accept_then_drop", "accept_then_hang"])
def test_an_unknown_outcome_is_looked_up_before_sending_again(
    bot: Bot, twilio: FakeTwilio, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr(channels, "SEND_SECONDS", 1.0)
    messages = said(bot)
    twilio.fail(Failure(how, status=500, code=20500, seconds=3))
    assert deliver(messages[0].conversation_id, timezone.now) == 1
    assert statuses(*messages) == ["sending", "queued"]
    assert deliver(messages[0].conversation_id, after(30)) == 2
    assert [sent.body for sent in twilio.sent] == ["one", "two"]
    assert twilio.account.calls["list"] == 1


def test_a_look_up_that_fails_leaves_the_doubt(bot: Bot, twilio: FakeTwilio) -> None:
    message = said(bot, Text("one"))[0]
    twilio.fail(Failure("accept_then_drop"))
    deliver(message.conversation_id, timezone.now)
    for n, failure in enumerate(
        [Failure(target="list", status=429), Failure("drop", "list"), Failure(target="list", status=401, code=20003)],
        start=1,
    ):
        twilio.fail(failure)
        assert deliver(message.conversation_id, after(60 * n)) == 1
        assert statuses(message) == ["sending"]
    deliver(message.conversation_id, after(600))
    assert statuses(message) == ["accepted"]
    assert len(twilio.sent) == 1


def test_nobody_answers_the_door(bot: Bot, settings: Any) -> None:
    settings.TWILIO_API_BASE_URL = "http://127.0.0.1:9"
    message = said(bot, Text("one"))[0]
    deliver(message.conversation_id, timezone.now)
    assert (fresh(message).status, fresh(message).error_code) == ("queued", "no_connect")


@pytest.mark.parametrize("code", [21610, 63007, 20003, 99999])
def test_a_refusal_is_final_and_does_not_hold_back_the_next(bot: Bot, twilio: FakeTwilio, code: int) -> None:
    messages = said(bot)
    version = fresh(messages[0]).conversation.version
    twilio.fail(Failure(status=400, code=code))
    assert deliver(messages[0].conversation_id, timezone.now) == 2
    assert statuses(*messages) == ["failed", "accepted"]
    failed = fresh(messages[0])
    assert failed.error_code == str(code)
    assert failed.error_reason.endswith(".")
    assert failed.conversation.needs_attention
    assert failed.conversation.version > version


def test_it_ends_after_some_attempts(bot: Bot, twilio: FakeTwilio) -> None:
    messages = said(bot)
    twilio.fail(*[Failure(status=429, code=20429)] * delivery.MAX_ATTEMPTS)
    for n in range(delivery.MAX_ATTEMPTS):
        deliver(messages[0].conversation_id, after(400 * n))
        Message.objects.update(created_at=timezone.now() + timedelta(seconds=400 * n))
    assert statuses(*messages) == ["failed", "accepted"]
    assert fresh(messages[0]).attempts == delivery.MAX_ATTEMPTS
    assert fresh(messages[0]).error_code == "20429"


def test_a_doubt_that_cannot_be_settled_ends_in_words(bot: Bot, twilio: FakeTwilio) -> None:
    message = said(bot, Text("one"))[0]
    Message.objects.update(attempts=delivery.MAX_ATTEMPTS - 1)
    twilio.fail(Failure("drop"))
    deliver(message.conversation_id, timezone.now)
    assert (fresh(message).status, fresh(message).error_code) == ("failed", "unknown")
    assert "not known" in fresh(message).error_reason


def test_a_worker_that_breaks_each_time_does_not_block_for_ever(
    bot: Bot, twilio: FakeTwilio, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages = said(bot)

    def broken(_: Bot, parameters: dict[str, Any]) -> str:
        if parameters.get("body") == "one":
            raise ZeroDivisionError
        return "SM" + "2" * 32

    monkeypatch.setattr(channels, "create", broken)
    for n in range(delivery.MAX_ATTEMPTS):
        with pytest.raises(ZeroDivisionError):
            deliver(messages[0].conversation_id, after(11 * n))
    deliver(messages[0].conversation_id, after(11 * delivery.MAX_ATTEMPTS))
    assert statuses(*messages) == ["failed", "accepted"]
    assert fresh(messages[0]).error_code == "gave_up"


def test_what_waited_too_long_is_not_sent(bot: Bot, twilio: FakeTwilio) -> None:
    messages = said(bot)
    deliver(messages[0].conversation_id, after(3601))
    assert statuses(*messages) == ["failed", "failed"]
    assert fresh(messages[0]).error_code == "too_old"
    assert twilio.sent == []


def test_what_was_sent_counts_however_old(bot: Bot, twilio: FakeTwilio, monkeypatch: pytest.MonkeyPatch) -> None:
    message = said(bot, Text("one"))[0]
    dies_at(monkeypatch, delivery, "accept")
    with pytest.raises(Killed):
        deliver(message.conversation_id, timezone.now)
    deliver(message.conversation_id, after(7200))
    assert statuses(message) == ["accepted"]


def test_a_paused_sender_still_carries_what_people_say(bot: Bot, twilio: FakeTwilio) -> None:
    messages = said(bot)
    Bot.objects.update(is_active=False)
    assert deliver(messages[0].conversation_id, timezone.now) == 2
    assert [sent.body for sent in twilio.sent] == ["one", "two"]


def test_a_restaurant_that_is_off_waits_for_an_hour(bot: Bot, twilio: FakeTwilio) -> None:
    messages = said(bot)
    switch = type(bot.restaurant).objects
    switch.update(is_active=False)
    assert deliver(messages[0].conversation_id, timezone.now) == 0
    assert delivery.wake_due(after(60)()) == 0
    assert delivery.oldest_unsent_at() is None, "what must wait is no sign of trouble"
    switch.update(is_active=True)
    assert deliver(messages[0].conversation_id, timezone.now) == 2
    late = queue(messages[0].conversation, [Text("late")], at=timezone.now())[0]
    switch.update(is_active=False)
    deliver(late.conversation_id, after(3601))
    assert (fresh(late).status, fresh(late).error_code) == ("failed", "too_old")
    assert [sent.body for sent in twilio.sent] == ["one", "two"]


def test_a_retired_sender_says_nothing_more(bot: Bot, twilio: FakeTwilio) -> None:
    messages = said(bot)
    Bot.objects.update(retired_at=timezone.now(), is_active=False)
    deliver(messages[0].conversation_id, timezone.now)
    assert statuses(*messages) == ["failed", "failed"]
    assert fresh(messages[0]).error_code == "retired"
    assert twilio.sent == []


@pytest.mark.parametrize(("code", "level"), [(20003, "ERROR"), (63007, "ERROR"), (21610, "WARNING")])
def test_the_log_names_ids_and_codes_and_nobody(
    bot: Bot, twilio: FakeTwilio, caplog: pytest.LogCaptureFixture, code: int, level: str
) -> None:
    message = said(bot, Text("a secret wish"))[0]
    twilio.fail(Failure(status=400, code=code))
    with caplog.at_level("DEBUG"):
        deliver(message.conversation_id, timezone.now)
    record = next(record for record in caplog.records if record.name == "conversations.delivery")
    assert (record.levelname, record.__dict__["message_id"], record.__dict__["error_code"]) == (
        level,
        message.pk,
        str(code),
    )
    assert not any("966550000201" in line or "secret wish" in line for line in caplog.messages if "SQL" not in line)
