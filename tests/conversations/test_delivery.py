"""Getting said what waits: once and in order, with rivals and kills at every line. The real library talks to a fake."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, connections
from django.utils import timezone

from bots.models import Bot
from bots.twilio.messages import create
from conversations import channels, claims, delivery
from conversations.channels import channel_of
from conversations.claims import accept, claim_next, refuse
from conversations.content import Content, Text
from conversations.delivery import deliver
from conversations.models import Message
from conversations.outbox import queue
from tests.deliveries import EVERYTHING, Killed, after, dies_at, fresh, provider_bot, said, serving, statuses
from tests.fakes import FakeTwilio
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def bot(world: World) -> Bot:
    return provider_bot(world.a.bot)


def test_everything_goes_out_in_order(bot: Bot, twilio: FakeTwilio) -> None:
    messages = said(bot, *EVERYTHING)
    assert deliver(messages[0].conversation_id, timezone.now) == 5
    assert statuses(*messages) == ["accepted"] * 5
    assert [sent.body for sent in twilio.sent] == ["مرحبا", "Sure?\nReally?", "Choose", "menu", "Where?"]
    assert [fresh(message).provider_sid for message in messages] == [sent.sid for sent in twilio.sent]
    assert {sent.to for sent in twilio.sent} == {"whatsapp:+966550000201"}
    assert twilio.sent[1].options == [{"id": "yes", "title": "Yes"}, {"id": "no", "title": "No"}]
    assert twilio.sent[2].options == [{"id": "1", "title": "Tea"}, {"id": "2", "title": "Water"}]
    assert twilio.sent[3].media == ["https://cdn.example.com/a.jpg"]
    assert deliver(messages[0].conversation_id, timezone.now) == 0


def test_a_hidden_number_is_written_to_by_its_id(bot: Bot, twilio: FakeTwilio) -> None:
    message = said(bot, Text("hi"), address="SA.4566546130240823")[0]
    deliver(message.conversation_id, timezone.now)
    assert twilio.sent[0].to == "whatsapp:SA.4566546130240823"


def test_the_network_is_never_inside_a_transaction(
    bot: Bot, twilio: FakeTwilio, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []

    def watched(*args: Any) -> str:
        seen.append(connection.in_atomic_block)
        return create(*args)

    monkeypatch.setattr(channels, "create", watched)
    deliver(said(bot)[0].conversation_id, timezone.now)
    assert seen == [False, False]


def test_a_rival_while_sending_sends_nothing(bot: Bot, twilio: FakeTwilio, monkeypatch: pytest.MonkeyPatch) -> None:
    messages = said(bot)
    attempts = list[int]()

    def with_a_rival(*args: Any) -> str:
        attempts.append(deliver(messages[0].conversation_id, timezone.now))
        sid = create(*args)
        attempts.append(deliver(messages[0].conversation_id, timezone.now))
        return sid

    monkeypatch.setattr(channels, "create", with_a_rival)
    assert deliver(messages[0].conversation_id, timezone.now) == 2
    assert attempts == [0, 0, 0, 0]
    assert [sent.body for sent in twilio.sent] == ["one", "two"]


def test_a_rival_between_answer_and_settling_sends_nothing(
    bot: Bot, twilio: FakeTwilio, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages = said(bot)
    attempts: list[int] = []

    def with_a_rival(claim: claims.Claim, sid: str, now: datetime) -> None:
        attempts.append(deliver(messages[0].conversation_id, timezone.now))
        accept(claim, sid, now)

    monkeypatch.setattr(delivery, "accept", with_a_rival)
    deliver(messages[0].conversation_id, timezone.now)
    assert attempts == [0, 0]
    assert [sent.body for sent in twilio.sent] == ["one", "two"]


def test_a_rival_at_the_claim_waits_for_the_lock_and_gets_nothing(
    bot: Bot, twilio: FakeTwilio, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages = said(bot)
    is_due, got = claims._is_due, list[Any]()

    def rival() -> None:
        try:
            got.append(claim_next(serving(messages[0]), timezone.now()))
        finally:
            connections.close_all()

    thread = threading.Thread(target=rival)

    def with_a_rival(message: Message, now: datetime) -> bool:
        monkeypatch.setattr(claims, "_is_due", is_due)
        thread.start()
        thread.join(0.3)
        assert thread.is_alive(), "the rival waits for our row"
        return is_due(message, now)

    monkeypatch.setattr(claims, "_is_due", with_a_rival)
    claim = claim_next(serving(messages[0]), timezone.now())
    thread.join(5)
    assert claim
    assert claim.message.pk == messages[0].pk
    assert got == [None]


def test_a_rival_after_the_lease_finds_what_was_sent(
    bot: Bot, twilio: FakeTwilio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first worker hangs between the provider's answer and its own settling, for longer than its lease."""
    messages = said(bot)

    def late(claim: claims.Claim, sid: str, now: datetime) -> None:
        monkeypatch.setattr(delivery, "accept", accept)
        assert deliver(messages[0].conversation_id, after(11)) == 2
        accept(claim, sid, now)

    monkeypatch.setattr(delivery, "accept", late)
    deliver(messages[0].conversation_id, timezone.now)
    assert [sent.body for sent in twilio.sent] == ["one", "two"]
    assert statuses(*messages) == ["accepted", "accepted"]
    assert fresh(messages[0]).provider_sid == twilio.sent[0].sid


def test_who_lost_the_claim_while_looking_up_does_not_send(
    bot: Bot, twilio: FakeTwilio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The look-up of the second worker says no; meanwhile the first one's answer arrives after all."""
    message = said(bot, Text("one"))[0]
    first = claim_next(serving(message), timezone.now())
    assert first
    channel = channel_of(bot)

    def finds_nothing(*_: Any) -> None:
        accept(first, "SM" + "1" * 32, timezone.now())

    monkeypatch.setattr(channel, "find", finds_nothing)
    deliver(message.conversation_id, after(11))
    assert twilio.sent == []
    assert (fresh(message).status, fresh(message).provider_sid) == ("accepted", "SM" + "1" * 32)


def test_a_late_refusal_does_not_undo_an_acceptance(bot: Bot, twilio: FakeTwilio) -> None:
    message = said(bot, Text("one"))[0]
    first = claim_next(serving(message), timezone.now())
    second = claim_next(serving(message), after(11)())
    assert first
    assert second
    refuse(first, channels.SendRefused("63007"), timezone.now())
    assert fresh(message).status == "sending"
    accept(second, "SM" + "2" * 32, timezone.now())
    refuse(second, channels.SendRefused("63007"), timezone.now())
    claims.postpone(first, channels.SendLater("x"), timezone.now(), timedelta(0))
    claims.leave_unknown(second, channels.SendUnknown("x"), timezone.now(), timedelta(0))
    assert (fresh(message).status, fresh(message).error_code) == ("accepted", "")
    assert not fresh(message).conversation.needs_attention


def test_a_late_acceptance_ends_the_rivals_waiting(bot: Bot, twilio: FakeTwilio) -> None:
    """The rival was throttled and would try again; but the first worker's request had gone through."""
    message = said(bot, Text("one"))[0]
    first = claim_next(serving(message), timezone.now())
    second = claim_next(serving(message), after(11)())
    assert first
    assert second
    claims.postpone(second, channels.SendLater("20429"), timezone.now(), timedelta(seconds=1))
    accept(first, "SM" + "1" * 32, timezone.now())
    assert (fresh(message).status, fresh(message).next_attempt_at) == ("accepted", None)
    assert deliver(message.conversation_id, after(30)) == 0


def test_twelve_workers_at_once_send_each_message_once_and_in_order(bot: Bot, twilio: FakeTwilio) -> None:
    messages = said(bot, *(Text(f"{n}") for n in range(20)))
    start = threading.Barrier(12)

    def worker() -> None:
        start.wait()
        try:
            deliver(messages[0].conversation_id, timezone.now)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=worker) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    deliver(messages[0].conversation_id, timezone.now)
    assert [sent.body for sent in twilio.sent] == [f"{n}" for n in range(20)]
    assert set(statuses(*messages)) == {"accepted"}


@pytest.mark.parametrize("content", EVERYTHING, ids=lambda content: type(content).__name__)
@pytest.mark.parametrize("names_bodies", [True, False])
def test_killed_after_the_answer(
    bot: Bot, twilio: FakeTwilio, monkeypatch: pytest.MonkeyPatch, content: Content, names_bodies: bool
) -> None:
    twilio.account.names_content_bodies = names_bodies
    message = said(bot, content)[0]
    dies_at(monkeypatch, delivery, "accept")
    with pytest.raises(Killed):
        deliver(message.conversation_id, timezone.now)
    assert statuses(message) == ["sending"]
    assert deliver(message.conversation_id, timezone.now) == 0, "the lease still holds"
    assert deliver(message.conversation_id, after(11)) == 1
    assert len(twilio.sent) == 1
    assert fresh(message).provider_sid == twilio.sent[0].sid


def test_killed_before_the_request(bot: Bot, twilio: FakeTwilio, monkeypatch: pytest.MonkeyPatch) -> None:
    messages = said(bot)
    dies_at(monkeypatch, channels, "create")
    with pytest.raises(Killed):
        deliver(messages[0].conversation_id, timezone.now)
    assert deliver(messages[0].conversation_id, after(11)) == 2
    assert [sent.body for sent in twilio.sent] == ["one", "two"]


def test_the_same_words_twice_are_two_messages(bot: Bot, twilio: FakeTwilio, monkeypatch: pytest.MonkeyPatch) -> None:
    """The look-up does not take the first one for the second, which was never sent."""
    messages = said(bot, Text("again"), Text("again"))
    claim = claim_next(serving(messages[0]), timezone.now())
    assert claim
    accept(claim, channel_of(bot).send(bot, claim.message), timezone.now())
    dies_at(monkeypatch, channels, "create")
    with pytest.raises(Killed):
        deliver(messages[0].conversation_id, timezone.now)
    deliver(messages[0].conversation_id, after(11))
    assert [sent.body for sent in twilio.sent] == ["again", "again"]
    assert len({fresh(message).provider_sid for message in messages}) == 2


def test_older_messages_and_other_words_are_not_taken_for_it(bot: Bot, twilio: FakeTwilio) -> None:
    earlier = said(bot, Text("hello"))[0]
    deliver(earlier.conversation_id, timezone.now)
    Message.objects.filter(pk=earlier.pk).update(provider_sid=None)
    late = queue(earlier.conversation, [Text("hello")], at=timezone.now())[0]
    Message.objects.filter(pk=late.pk).update(created_at=timezone.now() + timedelta(minutes=5))
    assert channel_of(bot).find(bot, fresh(late)) is None
    other = queue(earlier.conversation, [Text("goodbye")], at=timezone.now())[0]
    assert channel_of(bot).find(bot, fresh(other)) is None
