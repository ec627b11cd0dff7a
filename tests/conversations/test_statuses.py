"""What became of a message: reports in any order, more than once, too early, and of strangers."""

from __future__ import annotations

import json
import threading
from datetime import datetime
from itertools import permutations
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

import pytest
from django.db import connection, connections, transaction
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bots.models import Bot
from conversations import claims, statuses
from conversations.claims import accept, claim_next
from conversations.content import Text
from conversations.models import Conversation, Message, StatusReport
from conversations.outbox import queue
from conversations.statuses import climb, report
from conversations.wire import StatusUpdate, status_named, status_of
from tests.deliveries import serving
from tests.jobs import waiting_jobs
from tests.twilio_posts import FIXTURES, fixture_named
from tests.world import World

INDEX: dict[str, Any] = json.loads((FIXTURES / "index.json").read_text(encoding="utf-8"))
SID = "SM7fefdc7791d41fb6a0d21bceff8f04c5"

pytestmark = pytest.mark.django_db


@pytest.fixture
def bot(world: World) -> Bot:
    return Bot.objects.select_related("restaurant").get(pk=world.a.bot.pk)


def message_of(bot: Bot, status: str = "accepted", sid: str | None = SID) -> Message:
    now = timezone.now()
    conversation, _ = Conversation.objects.get_or_create(
        bot=bot, customer_address="+966550000201", defaults={"restaurant": bot.restaurant, "last_message_at": now}
    )
    message = queue(conversation, [Text("hello")], at=now)[0]
    Message.objects.filter(pk=message.pk).update(status=status, provider_sid=sid)
    return fresh(message)


def fresh(message: Message) -> Message:
    return Message.objects.select_related("conversation").get(pk=message.pk)


def update_of(status: str, sid: str = SID, error_code: str = "") -> StatusUpdate:
    return StatusUpdate(sid, status_named(status), error_code, "AC", "+966500000101", status)


def payload(name: str) -> StatusUpdate:
    return status_of(QueryDict(urlencode(fixture_named(name.removesuffix(".json")))))


@pytest.mark.parametrize("name", INDEX["expected_final_status"])
@pytest.mark.parametrize("by_code", [True, False])
def test_every_sequence_ends_right(bot: Bot, name: str, by_code: bool) -> None:
    message = message_of(bot)
    for step in INDEX["sequences"][name]:
        report(bot, payload(step), message.code if by_code else None, at=timezone.now())
    assert fresh(message).status == INDEX["expected_final_status"][name]


def test_a_report_before_the_row_knows_its_id_waits_for_it(bot: Bot) -> None:
    """The sequence `status_before_row_committed`: the callback is faster than the answer to the request."""
    early = payload(INDEX["sequences"]["status_before_row_committed"][0])
    message = message_of(bot, "queued", None)
    report(bot, early, None, at=timezone.now())
    assert StatusReport.objects.get().message_id is None
    claim = claim_next(serving(message), timezone.now())
    assert claim
    accept(claim, early.sid, timezone.now())
    assert (fresh(message).status, fresh(message).provider_sid) == ("delivered", early.sid)
    assert StatusReport.objects.get().message_id == message.pk


@pytest.mark.parametrize("order", list(permutations(["queued", "sent", "delivered", "read"])))
def test_any_order_ends_read(bot: Bot, order: tuple[str, ...]) -> None:
    message = message_of(bot)
    for status in (*order, *order):
        report(bot, update_of(status), None, at=timezone.now())
    assert fresh(message).status == "read"
    assert StatusReport.objects.count() == 4


RISE = ["queued", "sending", "accepted", "sent", "delivered", "read"]


@pytest.mark.parametrize("before", [*RISE, "failed", "undelivered"])
@pytest.mark.parametrize("after", ["accepted", "sent", "delivered", "read", "failed", "undelivered"])
def test_the_rule_in_full(bot: Bot, before: str, after: str) -> None:
    message = message_of(bot, before)
    if after in ("failed", "undelivered"):
        allowed = before in RISE[:4]
    elif before in ("failed", "undelivered"):
        allowed = after in ("delivered", "read")
    else:
        allowed = RISE.index(after) > RISE.index(before)
    assert climb(message, after, at=timezone.now()) is allowed
    assert fresh(message).status == (after if allowed else before)


def test_climbing_is_one_statement(bot: Bot) -> None:
    message = message_of(bot)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        climb(message, "read", at=timezone.now())
    assert len(queries) == 1


def test_what_came_in_is_never_lifted(bot: Bot) -> None:
    message = message_of(bot)
    Message.objects.filter(pk=message.pk).update(direction="IN", status="received")
    report(bot, update_of("read"), message.code, at=timezone.now())
    assert fresh(message).status == "received"


def test_an_early_failure_calls_a_person_too(bot: Bot) -> None:
    message = message_of(bot, "queued", None)
    report(bot, update_of("failed", error_code="63003"), None, at=timezone.now())
    claim = claim_next(serving(message), timezone.now())
    assert claim
    accept(claim, SID, timezone.now())
    after = fresh(message)
    assert (after.status, after.error_code, after.conversation.needs_attention) == ("failed", "63003", True)


def test_a_failure_says_why_and_calls_a_person(bot: Bot) -> None:
    message = message_of(bot)
    before = message.conversation.version
    report(bot, payload("st_10_failed_63016"), message.code, at=timezone.now())
    report(bot, payload("st_10_failed_63016"), message.code, at=timezone.now())
    after = fresh(message)
    assert after.status == "accepted", "another message's id: that copy's failure is not this one's"
    report(bot, update_of("failed", error_code="63016"), None, at=timezone.now())
    after = fresh(message)
    assert (after.status, after.error_code) == ("failed", "63016")
    assert "24 hours" in after.error_reason
    assert after.conversation.needs_attention
    assert after.conversation.version > before


@pytest.mark.parametrize("name", ["st_23_failed_error_zero", "st_24_failed_no_error_code", "st_33_canceled"])
def test_a_failure_without_a_code_is_a_failure(bot: Bot, name: str) -> None:
    told = payload(name)
    message = message_of(bot, sid=told.sid)
    report(bot, told, None, at=timezone.now())
    assert (fresh(message).status, fresh(message).error_code) == ("failed", "")
    assert fresh(message).conversation.needs_attention


def test_a_delivery_proves_the_failure_wrong(bot: Bot) -> None:
    message = message_of(bot)
    report(bot, update_of("undelivered", error_code="30008"), None, at=timezone.now())
    report(bot, update_of("delivered"), None, at=timezone.now())
    after = fresh(message)
    assert (after.status, after.error_code, after.error_reason) == ("delivered", "", "")


def test_a_word_that_says_nothing_is_kept_and_changes_nothing(bot: Bot) -> None:
    told = payload("st_32_unknown_status")
    message = message_of(bot, sid=told.sid)
    report(bot, told, message.code, at=timezone.now())
    assert fresh(message).status == "accepted"
    assert StatusReport.objects.get().status == "partially_delivered"


def test_a_message_in_doubt_is_settled_by_its_code(bot: Bot) -> None:
    """The answer to the request got lost; the callback proves that it was accepted, and those behind it go on."""
    message = message_of(bot, "sending", None)
    jobs = len(waiting_jobs())
    report(bot, update_of("queued"), message.code, at=timezone.now())
    after = fresh(message)
    assert (after.status, after.provider_sid, after.lease_until) == ("accepted", SID, None)
    assert waiting_jobs()[jobs:] == ["deliver"]


def test_the_first_id_stays(bot: Bot) -> None:
    message = message_of(bot)
    report(bot, update_of("delivered", sid="SM" + "9" * 32), message.code, at=timezone.now())
    assert (fresh(message).status, fresh(message).provider_sid) == ("delivered", SID)


def test_the_failure_of_a_second_copy_is_not_the_messages(bot: Bot) -> None:
    message = message_of(bot)
    report(bot, update_of("failed", sid="SM" + "9" * 32, error_code="63016"), message.code, at=timezone.now())
    assert fresh(message).status == "accepted"
    assert not fresh(message).conversation.needs_attention


def test_the_id_decides_over_the_code(bot: Bot) -> None:
    first, second = message_of(bot), message_of(bot, sid="SM" + "2" * 32)
    report(bot, update_of("read"), second.code, at=timezone.now())
    assert (fresh(first).status, fresh(second).status) == ("read", "accepted")


@pytest.mark.parametrize("known_by", ["code", "sid"])
def test_another_senders_report_changes_nothing(world: World, bot: Bot, known_by: str) -> None:
    message = message_of(bot)
    stranger = Bot.objects.select_related("restaurant").get(pk=world.b.bot.pk)
    report(stranger, update_of("read"), message.code if known_by == "code" else None, at=timezone.now())
    assert fresh(message).status == "accepted"
    assert StatusReport.objects.get().message_id is None


def test_an_unknown_code_is_kept(bot: Bot) -> None:
    report(bot, update_of("sent"), uuid4(), at=timezone.now())
    assert StatusReport.objects.get().provider_sid == SID


def test_only_a_change_is_announced(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[tuple[str, UUID]] = []
    monkeypatch.setattr(statuses, "announce_message", lambda kind, _, message: said.append((kind, message.code)))
    message = message_of(bot)
    for status in ("delivered", "sent", "delivered"):
        report(bot, update_of(status), None, at=timezone.now())
    assert said == [("message.updated", message.code)]


@pytest.mark.django_db(transaction=True)
def test_a_rival_report_while_the_message_settles_is_not_lost(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settling has looked for early reports and is not committed; a report that comes now would not see the
    message, and nobody would see the report. So it waits."""
    message = message_of(bot, "queued", None)
    adopt = statuses.adopt

    def rival() -> None:
        try:
            report(bot, update_of("read"), None, at=timezone.now())
        finally:
            connections.close_all()

    thread = threading.Thread(target=rival)

    def with_a_rival(row: Message, early: list[StatusReport], at: datetime) -> None:
        adopt(row, early, at)
        thread.start()
        thread.join(0.3)
        assert thread.is_alive(), "the report waits for the lock of the id"

    monkeypatch.setattr(claims, "adopt", with_a_rival)
    claim = claim_next(serving(message), timezone.now())
    assert claim
    accept(claim, SID, timezone.now())
    thread.join(5)
    assert fresh(message).status == "read"
    assert StatusReport.objects.get().message_id == message.pk


@pytest.mark.django_db(transaction=True)
def test_a_report_under_way_is_seen_by_the_settling(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other way round: the report has looked for its message and is not committed."""
    message = message_of(bot, "queued", None)
    claim = claim_next(serving(message), timezone.now())
    assert claim
    keep = statuses._keep

    def rival() -> None:
        try:
            accept(claim, SID, timezone.now())
        finally:
            connections.close_all()

    thread = threading.Thread(target=rival)

    def with_a_rival(*args: Any) -> None:
        thread.start()
        thread.join(0.3)
        assert thread.is_alive(), "the settling waits for the lock of the id"
        keep(*args)

    monkeypatch.setattr(statuses, "_keep", with_a_rival)
    report(bot, update_of("read"), None, at=timezone.now())
    thread.join(5)
    assert fresh(message).status == "read"


def test_reporting_needs_a_transaction_of_its_own(bot: Bot) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        report(bot, update_of("sent"), None, at=timezone.now())
