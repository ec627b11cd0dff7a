"""The library's client: pooled, limited in time, pointed where it may be pointed, and silent."""

from __future__ import annotations

import logging
import time
from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings
from requests import ReadTimeout
from twilio.base.exceptions import TwilioRestException

from bots.models import Bot
from bots.secrets import Secret
from bots.twilio.checks import check_base_url
from bots.twilio.client import client_for, is_allowed_base, within
from bots.twilio.errors import OutOfTime, Throttled
from tests.fake_account import Failure
from tests.fakes import FakeTwilio
from tests.world import ACCOUNT_A, NUMBER_A, TOKEN_A

CUSTOMER = "whatsapp:+966550000201"


@pytest.fixture
def bot() -> Bot:
    return Bot(whatsapp_number=NUMBER_A, account_sid=ACCOUNT_A, auth_token=Secret.of(TOKEN_A))


def _send(bot: Bot) -> str:
    sent = client_for(bot).messages.create(to=CUSTOMER, from_=f"whatsapp:{NUMBER_A}", body="مرحبا")
    return str(sent.sid)


def test_a_message_goes_out_in_the_accounts_name(twilio: FakeTwilio, bot: Bot) -> None:
    sid = _send(bot)
    assert [(sent.sid, sent.account, sent.to, sent.body) for sent in twilio.sent] == [
        (sid, ACCOUNT_A, CUSTOMER, "مرحبا")
    ]


def test_the_subaccount_sends_where_there_is_one(twilio: FakeTwilio, bot: Bot) -> None:
    bot.subaccount_sid = "AC" + "1" * 32
    _send(bot)
    assert twilio.sent[0].account == bot.subaccount_sid


def test_every_host_goes_to_the_stand_in(twilio: FakeTwilio, bot: Bot) -> None:
    client = client_for(bot)
    assert client.messaging.v2.typing_indicator.create(channel="whatsapp", message_id="SM1").success is True
    assert twilio.account.typing == ["SM1"]
    assert client.content.v1.contents.list(limit=1) == []


def test_a_new_token_works_at_once_on_the_same_connections(twilio: FakeTwilio, bot: Bot) -> None:
    twilio.account.tokens = {ACCOUNT_A: "another"}
    with pytest.raises(TwilioRestException):
        _send(bot)
    first = client_for(bot)
    bot.auth_token = Secret.of("another")
    assert _send(bot)
    assert client_for(bot).http_client is first.http_client


def test_the_surroundings_choose_no_account_and_no_region(
    twilio: FakeTwilio, bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_REGION", "TWILIO_EDGE"):
        monkeypatch.setenv(name, "elsewhere")
    client = client_for(bot)
    assert (client.username, client.region, client.edge) == (ACCOUNT_A, None, None)


def test_nothing_is_logged(twilio: FakeTwilio, bot: Bot, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="twilio"):
        _send(bot)
        client_for(bot).messages.list(to=CUSTOMER, limit=1)
    assert [record for record in caplog.records if record.name.startswith("twilio")] == []


@pytest.mark.parametrize(
    ("retry_after", "expected"), [(3, timedelta(seconds=3)), (None, None), (10**9, timedelta(hours=1))]
)
def test_a_429_keeps_its_header(
    twilio: FakeTwilio, bot: Bot, retry_after: int | None, expected: timedelta | None
) -> None:
    twilio.fail(Failure(status=429, code=20429, retry_after=retry_after))
    with pytest.raises(Throttled) as caught:
        _send(bot)
    assert (caught.value.code, caught.value.retry_after) == (20429, expected)


def test_a_silent_provider_is_given_up_in_time(twilio: FakeTwilio, bot: Bot) -> None:
    twilio.fail(Failure("hang", seconds=5))
    began = time.monotonic()
    with within(0.8), pytest.raises(ReadTimeout):
        _send(bot)
    assert time.monotonic() - began < 2


def test_calls_share_one_limit(twilio: FakeTwilio, bot: Bot) -> None:
    with within(0.4), pytest.raises(OutOfTime):
        _send(bot)
    assert twilio.sent == []
    _send(bot)
    assert len(twilio.sent) == 1


def test_a_limit_inside_another_cannot_be_longer(twilio: FakeTwilio, bot: Bot) -> None:
    with within(0.4), within(30), pytest.raises(OutOfTime):
        _send(bot)
    with within(30), within(0.4), pytest.raises(OutOfTime):
        _send(bot)
    assert twilio.sent == []


def test_cookies_do_not_wander_between_accounts(twilio: FakeTwilio, bot: Bot) -> None:
    _send(bot)
    _send(bot)
    assert twilio.account.cookies == []


@pytest.mark.parametrize(
    ("base", "allowed"),
    [
        ("http://127.0.0.1:4010", True),
        ("http://localhost:4010", True),
        ("http://[::1]:4010", True),
        ("https://127.0.0.1", True),
        ("https://api.twilio.com", True),
        ("https://api.dublin.ie1.twilio.com", True),
        ("http://api.twilio.com", False),
        ("https://twilio.com.evil.example", False),
        ("https://eviltwilio.com", False),
        ("https://evil.example/.twilio.com", False),
        ("https://evil.example#.twilio.com", False),
        ("https://user:pass@api.twilio.com", False),
        ("http://127.0.0.1@evil.example", False),
        ("http://127.0.0.1.evil.example", False),
        ("http://10.0.0.5:4010", False),
        ("http://0.0.0.0:4010", False),
        ("ftp://127.0.0.1", False),
        ("http://[broken", False),
        ("http://127.0.0.1:notaport", False),
        ("nonsense", False),
    ],
)
def test_where_calls_may_be_pointed(base: str, allowed: bool) -> None:
    assert is_allowed_base(base) is allowed


def test_a_stranger_gets_no_call(bot: Bot) -> None:
    with override_settings(TWILIO_API_BASE_URL="https://evil.example"), pytest.raises(ImproperlyConfigured):
        client_for(bot)


@pytest.mark.parametrize(
    ("base", "production", "found"),
    [
        ("", True, []),
        ("http://127.0.0.1:4010", False, []),
        ("http://127.0.0.1:4010", True, ["bots.W001"]),
        ("https://api.twilio.com", True, []),
        ("https://evil.example", False, ["bots.E001"]),
        ("https://evil.example", True, ["bots.E001"]),
    ],
)
def test_the_check_says_so_at_start(base: str, production: bool, found: list[str]) -> None:
    with override_settings(TWILIO_API_BASE_URL=base, IS_PRODUCTION=production):
        assert [message.id for message in check_base_url(None)] == found
