"""Verify, set webhooks, health and the list of an account, against the fake Twilio."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone, translation

from bots import comparison, verification
from bots.comparison import CannotCheck, kept_lines, wanted
from bots.models import AuditEvent, Bot
from bots.registration import HEALTH
from bots.twilio import senders
from bots.twilio.client import client_for
from bots.verification import health, set_webhooks, unregistered, verify
from tests.fake_account import Failure
from tests.fake_senders import FakeSender
from tests.fakes import FakeTwilio
from tests.world import ACCOUNT_A, NUMBER_A, SENDER_A, SENDER_B, TOKEN_A, World

OTHER_SENDER = "XE" + "9" * 32


@pytest.fixture
def bot(world: World) -> Bot:
    Bot.objects.filter(pk=world.a.bot.pk).update(channel="twilio", status="PENDING")
    world.a.bot.refresh_from_db()
    return world.a.bot


@pytest.fixture
def there(twilio: FakeTwilio, settings: Any) -> Iterator[FakeSender]:
    """The sender as Twilio has it; Twilio knows only this account and its token."""
    settings.PUBLIC_BASE_URL = "https://bot.example.com"
    twilio.account.tokens = {ACCOUNT_A: TOKEN_A}
    twilio.senders.rows = [FakeSender(SENDER_A, ACCOUNT_A, NUMBER_A)]
    yield twilio.senders.rows[0]
    assert twilio.account.failures == []


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    """What is said depends on who reads, not on what a test before read."""
    with translation.override("en"):
        yield


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verification, "PAUSES", (0.0, 0.0, 0.0))


def stored(bot: Bot) -> tuple[str, bool, str]:
    bot = Bot.objects.get(pk=bot.pk)
    return bot.status, bot.verified_at is not None, bot.error_message


def row(bot: Bot) -> dict[str, Any]:
    found = Bot.objects.values().get(pk=bot.pk)
    return {**found, "auth_token": found["auth_token"].sealed}


def test_a_sender_that_agrees_is_active(bot: Bot, there: FakeSender, world: World) -> None:
    before = timezone.now()
    assert verify(bot, by=world.operator) == ()
    assert stored(bot) == ("ACTIVE", True, "")
    assert bot.verified_at is not None
    assert bot.verified_at >= before
    event = AuditEvent.objects.get(action="sender.verified")
    assert (event.user, event.changes["status"]) == (world.operator, ["PENDING", "ACTIVE"])
    assert TOKEN_A not in str(event.changes)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"number": "+966500000777"}, "Number is +966500000777 at Twilio, +966500000101 is expected."),
        ({"waba_id": "1"}, "WhatsApp Business account is 1 at Twilio, 777730705047590 is expected."),
        (
            {"status": "OFFLINE", "offline_reasons": [{"code": "63020", "message": "Business not verified"}]},
            "The sender is not online at Twilio: OFFLINE (Business not verified).",
        ),
        ({"sid": OTHER_SENDER}, f"This account has no sender with the SID {SENDER_A}."),
        ({"sid": OTHER_SENDER}, f"the number +966 50 000 0101 under the sender SID {OTHER_SENDER}."),
        ({"account": "AC" + "7" * 32}, "This account has no sender with the number +966 50 000 0101."),
    ],
)
def test_what_does_not_agree_is_said_and_kept(bot: Bot, there: FakeSender, changes: dict[str, Any], says: str) -> None:
    for name, value in changes.items():
        setattr(there, name, value)
    assert says in " ".join(verify(bot, by=None))
    status, verified, error = stored(bot)
    assert (status, verified) == ("FAILED", False)
    assert says in error
    assert AuditEvent.objects.filter(action="sender.verified").count() == 1


def test_updating_is_online_too(bot: Bot, there: FakeSender) -> None:
    there.status = "ONLINE:UPDATING"
    assert verify(bot, by=None) == ()


def test_failing_and_agreeing_again_leaves_no_error(bot: Bot, there: FakeSender) -> None:
    there.waba_id = "1"
    assert verify(bot, by=None)
    there.waba_id = bot.waba_id
    assert verify(bot, by=None) == ()
    assert stored(bot) == ("ACTIVE", True, "")


def test_the_wrong_pair_is_said(bot: Bot, there: FakeSender, twilio: FakeTwilio) -> None:
    twilio.account.tokens = {ACCOUNT_A: "another"}
    (said,) = verify(bot, by=None)
    assert said.startswith("Twilio does not accept this pair of account SID and auth token.")
    assert stored(bot) == ("FAILED", False, said)
    assert "senders" not in twilio.account.calls


@pytest.mark.parametrize("state", ["suspended", "closed"])
def test_an_account_that_is_not_active_is_said(bot: Bot, there: FakeSender, twilio: FakeTwilio, state: str) -> None:
    twilio.senders.states = {ACCOUNT_A: state}
    assert verify(bot, by=None) == (f"The Twilio account is {state}, not active. Settle this with Twilio.",)


def test_the_subaccount_is_asked_where_there_is_one(bot: Bot, there: FakeSender, twilio: FakeTwilio) -> None:
    subaccount = "AC" + "5" * 32
    Bot.objects.filter(pk=bot.pk).update(subaccount_sid=subaccount)
    bot.refresh_from_db()
    there.account = subaccount
    twilio.account.tokens = {subaccount: TOKEN_A}
    assert verify(bot, by=None) == ()


def test_the_number_is_counted_over_all_pages(bot: Bot, there: FakeSender, twilio: FakeTwilio) -> None:
    strangers = [FakeSender(f"XE{n:032x}", ACCOUNT_A, f"+96650000{n:04}") for n in range(1000, 1005)]
    twilio.senders.page = 2
    twilio.senders.rows = [there, *strangers]
    assert verify(bot, by=None) == ()
    twilio.senders.rows.append(FakeSender(OTHER_SENDER, ACCOUNT_A, NUMBER_A))
    (said,) = verify(bot, by=None)
    assert said == f"This account has the number +966 50 000 0101 more than once: {SENDER_A}, {OTHER_SENDER}."


def test_a_sid_that_another_sender_here_has_is_said(bot: Bot, there: FakeSender, world: World) -> None:
    Bot.objects.filter(pk=world.b.bot.pk).update(sender_sid=SENDER_A)
    assert verify(bot, by=None) == ("Another sender here has the same sender SID.",)


def test_a_missing_sid_is_said_and_found(bot: Bot, there: FakeSender) -> None:
    Bot.objects.filter(pk=bot.pk).update(sender_sid="", waba_id="")
    bot.refresh_from_db()
    assert verify(bot, by=None) == (
        "The sender SID is not set.",
        f"This account has the number +966 50 000 0101 under the sender SID {SENDER_A}.",
    )


def test_a_missing_waba_is_said(bot: Bot, there: FakeSender) -> None:
    Bot.objects.filter(pk=bot.pk).update(waba_id="")
    bot.refresh_from_db()
    assert verify(bot, by=None) == ("WhatsApp Business account is not set here; at Twilio it is 777730705047590.",)


@pytest.mark.parametrize(
    ("failure", "says"),
    [
        (Failure("drop", "account"), "Twilio did not answer. Check the connection of the server."),
        (Failure("hang", "senders", seconds=5), "Twilio did not answer."),
        (Failure(target="account", status=429, code=20429), "Twilio is busy or has a fault (20429)."),
        (Failure(target="senders", status=503, code=20503), "Twilio is busy or has a fault (20503)."),
        (Failure(target="senders", status=400, code=20001), "Twilio refused with error 20001."),
    ],
)
def test_without_an_answer_nothing_changes(
    bot: Bot, there: FakeSender, twilio: FakeTwilio, monkeypatch: pytest.MonkeyPatch, failure: Failure, says: str
) -> None:
    monkeypatch.setattr(comparison, "SECONDS", 1.5)
    before = row(bot)
    twilio.fail(failure)
    with pytest.raises(CannotCheck) as caught:
        verify(bot, by=None)
    assert says in str(caught.value)
    assert str(caught.value).endswith("Nothing was changed.")
    assert row(bot) == before
    assert not AuditEvent.objects.exists()


def test_no_network_is_said(bot: Bot, there: FakeSender, settings: Any) -> None:
    settings.TWILIO_API_BASE_URL = "http://127.0.0.1:9"
    with pytest.raises(CannotCheck, match="Twilio could not be reached"):
        verify(bot, by=None)
    assert stored(bot)[0] == "PENDING"


def test_a_token_whose_key_is_lost_is_said(bot: Bot, there: FakeSender) -> None:
    bot.auth_token.sealed = "gAAAAA-broken"
    with pytest.raises(CannotCheck, match="cannot be read"):
        verify(bot, by=None)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"channel": "simulator"}, "there is nothing at Twilio to verify"),
        ({"whatsapp_number": "+14155238886"}, "Twilio's sandbox"),
        ({"retired_at": "2026-01-01T00:00Z"}, "This sender is retired."),
    ],
)
@pytest.mark.parametrize("ask", [lambda bot: verify(bot, by=None), lambda bot: set_webhooks(bot, by=None), health])
def test_what_has_nothing_to_ask_about(
    bot: Bot, there: FakeSender, twilio: FakeTwilio, changes: dict[str, str], says: str, ask: Any
) -> None:
    Bot.objects.filter(pk=bot.pk).update(**changes)
    bot.refresh_from_db()
    with pytest.raises(CannotCheck) as caught:
        ask(bot)
    assert says in str(caught.value)
    assert (twilio.account.calls, AuditEvent.objects.count()) == ({}, 0)


@pytest.mark.parametrize("changes", [{"waba_id": "2"}, {"auth_token": "another"}, {"retired_at": "2026-01-01T00:00Z"}])
def test_a_result_is_not_for_a_sender_that_was_changed_meanwhile(
    bot: Bot, there: FakeSender, monkeypatch: pytest.MonkeyPatch, changes: dict[str, str]
) -> None:
    real = senders.listed

    def rival_first(asked: Bot) -> Any:
        Bot.objects.filter(pk=bot.pk).update(**changes)
        return real(asked)

    monkeypatch.setattr(senders, "listed", rival_first)
    with pytest.raises(CannotCheck, match="changed while it was checked"):
        verify(bot, by=None)
    assert stored(bot) == ("PENDING", False, "")
    assert not AuditEvent.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_no_call_is_made_inside_a_transaction(
    bot: Bot, there: FakeSender, twilio: FakeTwilio, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_ones: list[bool] = []
    real = client_for

    def watched(asked: Bot) -> Any:
        open_ones.append(connection.in_atomic_block)
        return real(asked)

    monkeypatch.setattr(senders, "client_for", watched)
    verify(bot, by=None)
    set_webhooks(bot, by=None)
    assert len(open_ones) >= 6
    assert not any(open_ones)


def test_the_webhooks_are_set_whole_and_read_back(bot: Bot, there: FakeSender, world: World) -> None:
    there.reads_until_told = 2
    there.webhook = {"callback_url": "https://old.example.com/in", "callback_method": "POST"}
    assert set_webhooks(bot, by=world.operator) == ()
    assert there.webhook == {
        "callback_url": "https://bot.example.com/whatsapp/webhook#rc=2&ct=2000&rt=5000&rp=ct,rt,5xx",
        "callback_method": "POST",
        "fallback_url": "https://bot.example.com/webhook",
        "fallback_method": "POST",
        "status_callback_url": "https://bot.example.com/whatsapp/status",
        "status_callback_method": "POST",
    }
    event = AuditEvent.objects.get(action="sender.webhooks_set")
    assert event.user == world.operator
    assert event.changes["callback_url"] == ["https://old.example.com/in", there.webhook["callback_url"]]


def test_addresses_that_twilio_did_not_take_are_said(bot: Bot, there: FakeSender, twilio: FakeTwilio) -> None:
    there.reads_until_told = 99
    differing = set_webhooks(bot, by=None)
    assert [line.name for line in differing] == list(wanted())
    assert "callback_url is – at Twilio, https://bot.example.com/whatsapp/webhook" in str(differing[0])
    assert twilio.account.calls["senders"] == 1 + 1 + 4


def test_only_our_own_number_is_told_where_to_call(bot: Bot, there: FakeSender) -> None:
    there.number = "+966500000777"
    with pytest.raises(CannotCheck, match=r"is expected\. Nothing was changed\."):
        set_webhooks(bot, by=None)
    assert there.told is None
    assert not AuditEvent.objects.exists()


def test_an_update_that_is_not_accepted_is_said(bot: Bot, there: FakeSender, twilio: FakeTwilio) -> None:
    twilio.senders.update_status = 200
    with pytest.raises(CannotCheck, match=r"\(200\).*It is not known whether"):
        set_webhooks(bot, by=None)
    assert AuditEvent.objects.filter(action="sender.webhooks_set").count() == 1


def test_reading_back_in_vain_is_said_and_the_change_is_noted(
    bot: Bot, there: FakeSender, monkeypatch: pytest.MonkeyPatch, twilio: FakeTwilio
) -> None:
    real = senders.tell

    def told(*args: Any) -> None:
        real(*args)
        twilio.fail(Failure("drop", "senders"))

    monkeypatch.setattr(senders, "tell", told)
    with pytest.raises(CannotCheck, match="It is not known whether Twilio has taken the addresses"):
        set_webhooks(bot, by=None)
    assert AuditEvent.objects.filter(action="sender.webhooks_set").count() == 1


def test_only_https_can_be_called(bot: Bot, there: FakeSender, settings: Any, twilio: FakeTwilio) -> None:
    settings.PUBLIC_BASE_URL = "http://localhost:8000"
    assert set_webhooks(bot, by=None) == (), "a stand-in on this machine may be told anything"
    settings.TWILIO_API_BASE_URL = ""
    before = dict(twilio.account.calls)
    with pytest.raises(CannotCheck, match="Twilio calls only https"):
        set_webhooks(bot, by=None)
    assert twilio.account.calls == before


@pytest.mark.parametrize("sid", ["", "XE12", "../Senders", SENDER_A + "/x"])
@pytest.mark.parametrize("ask", [health, lambda bot: set_webhooks(bot, by=None)])
def test_what_is_no_sender_sid_is_never_asked_for(
    bot: Bot, there: FakeSender, twilio: FakeTwilio, ask: Any, sid: str
) -> None:
    bot.sender_sid = sid
    with pytest.raises(CannotCheck, match="does not have this sender SID"):
        ask(bot)
    assert twilio.account.calls == {}


def kept(bot: Bot) -> tuple[str, bool, list[str]]:
    bot = Bot.objects.get(pk=bot.pk)
    return bot.health, bot.health_at is not None, [line["what"] for line in bot.health_lines]


def test_health_compares_and_keeps_only_what_it_found(bot: Bot, there: FakeSender, twilio: FakeTwilio) -> None:
    before = row(bot)
    there.webhook = {**wanted(), "fallback_url": "https://old.example.com"}
    there.quality = "LOW"
    lines = {line.name: line for line in health(bot)}
    assert [name for name, line in lines.items() if line.is_wrong] == ["fallback_url", "Quality rating"]
    assert str(lines["Quality rating"]) == "Quality rating is LOW at Twilio."
    assert lines["Messaging limit"].found == "1K Customers/24hr"
    assert kept(bot) == ("differs", True, ["fallback_url", "quality"])
    assert {name for name, value in row(bot).items() if value != before[name]} == {*HEALTH}
    assert (there.told, AuditEvent.objects.count()) == (None, 0)
    there.webhook, there.quality = wanted(), "HIGH"
    health(bot)
    assert kept(bot) == ("good", True, [])


def test_what_differs_is_kept_in_no_language(bot: Bot, there: FakeSender) -> None:
    there.waba_id, there.webhook = "1", wanted()
    with translation.override("ar"):
        health(bot)
    (line,) = kept_lines(Bot.objects.get(pk=bot.pk))
    assert str(line) == "WhatsApp Business account is 1 at Twilio, 777730705047590 is expected."


def test_without_an_answer_the_outcome_before_stays(bot: Bot, there: FakeSender, twilio: FakeTwilio) -> None:
    there.webhook = wanted()
    health(bot)
    before = row(bot)
    twilio.fail(Failure("drop", "senders"))
    with pytest.raises(CannotCheck):
        health(bot)
    assert row(bot) == before


@pytest.mark.parametrize("changes", [{"waba_id": "2"}, {"auth_token": "another"}, {"retired_at": "2026-01-01T00:00Z"}])
@pytest.mark.parametrize("ask", [health, lambda bot: set_webhooks(bot, by=None)])
def test_an_outcome_is_not_for_a_sender_that_was_changed_meanwhile(
    bot: Bot, there: FakeSender, monkeypatch: pytest.MonkeyPatch, ask: Any, changes: dict[str, str]
) -> None:
    real = senders.fetched

    def rival_first(asked: Bot) -> Any:
        Bot.objects.filter(pk=bot.pk).update(**changes)
        return real(asked)

    monkeypatch.setattr(senders, "fetched", rival_first)
    ask(bot)
    assert kept(bot) == ("unknown", False, [])


def test_an_earlier_answer_does_not_cover_a_later_one(
    bot: Bot, there: FakeSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    there.webhook = wanted()
    real, slow = senders.fetched, Bot.objects.get(pk=bot.pk)

    def overtaken(asked: Bot) -> Any:
        found = real(asked)
        monkeypatch.setattr(senders, "fetched", real)
        there.webhook = {}
        health(bot)
        return found

    monkeypatch.setattr(senders, "fetched", overtaken)
    assert not any(line.is_wrong for line in health(slow))
    assert kept(bot) == ("differs", True, list(wanted()))


def test_setting_webhooks_keeps_what_was_read_back(bot: Bot, there: FakeSender) -> None:
    set_webhooks(bot, by=None)
    assert kept(bot) == ("good", True, [])
    there.reads_until_told, there.webhook = 99, {}
    set_webhooks(bot, by=None)
    assert kept(bot) == ("differs", True, list(wanted()))


def test_an_account_offers_what_is_not_registered(
    bot: Bot, there: FakeSender, twilio: FakeTwilio, world: World
) -> None:
    twilio.senders.page = 1
    twilio.senders.rows += [
        FakeSender(SENDER_B, ACCOUNT_A, world.b.bot.whatsapp_number),
        FakeSender(OTHER_SENDER, ACCOUNT_A, "+966508034010"),
        FakeSender("XE" + "8" * 32, "AC" + "7" * 32, "+966508034011"),
    ]
    found = [sender.sid for sender in unregistered(ACCOUNT_A, TOKEN_A)]
    assert found == [SENDER_B, OTHER_SENDER], "a demo sender does not keep its number"
    with pytest.raises(CannotCheck, match="does not accept this pair of account SID and auth token"):
        unregistered(ACCOUNT_A, "wrong")


def test_the_addresses_are_under_the_public_name(settings: Any) -> None:
    settings.PUBLIC_BASE_URL = "https://bot.example.com"
    assert comparison.addresses() == {
        "callback_url": "https://bot.example.com/whatsapp/webhook#rc=2&ct=2000&rt=5000&rp=ct,rt,5xx",
        "fallback_url": "https://bot.example.com/webhook",
        "status_callback_url": "https://bot.example.com/whatsapp/status",
    }
