"""What a failed call means, and its words."""

from __future__ import annotations

from datetime import timedelta

import pytest
import requests
from django.utils import translation
from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from urllib3.exceptions import MaxRetryError, NewConnectionError, ProtocolError

from bots.twilio.errors import (
    OutOfTime,
    SendError,
    SendLater,
    SendRefused,
    SendUnknown,
    Throttled,
    judged,
    reaction_to,
    reason_in_words,
)
from bots.twilio.reactions import _reactions


def rest(status: int, code: int | None = None) -> TwilioRestException:
    return TwilioRestException(status, "/Messages.json", "refused", code)


def _refused_connection() -> requests.ConnectionError:
    cause = NewConnectionError(None, "refused")  # type: ignore[arg-type]
    return requests.ConnectionError(MaxRetryError(None, "/", cause))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("error", "meaning", "code"),
    [
        (rest(400, 21211), SendRefused, "21211"),
        (rest(401, 20003), SendRefused, "20003"),
        (rest(404, 20404), SendRefused, "20404"),
        (rest(400, 63016), SendRefused, "63016"),
        (rest(400, 99999), SendRefused, "99999"),
        (rest(404), SendRefused, "404"),
        (rest(400, 21611), SendLater, "21611"),
        (rest(429, 20429), SendLater, "20429"),
        (rest(408), SendUnknown, "408"),
        (rest(500, 20500), SendUnknown, "20500"),
        (rest(503, 20503), SendUnknown, "20503"),
        (rest(502), SendUnknown, "502"),
        (TwilioServiceException("about:blank", "No", 400, 70001), SendRefused, "70001"),
        (TwilioServiceException("about:blank", "Down", 503, 20503), SendUnknown, "20503"),
        (TwilioException("Unable to fetch page"), SendUnknown, "no_answer"),
        (Throttled(20429, None), SendLater, "20429"),
        (Throttled(63038, None), SendRefused, "63038"),
        (Throttled(429, None), SendLater, "429"),
        (OutOfTime(), SendLater, "no_time"),
        (requests.ConnectTimeout(), SendLater, "no_connect"),
        (_refused_connection(), SendLater, "no_connect"),
        (requests.ReadTimeout(), SendUnknown, "no_answer"),
        (requests.ConnectionError(ProtocolError("Connection aborted.")), SendUnknown, "no_answer"),
        (requests.exceptions.ChunkedEncodingError(), SendUnknown, "no_answer"),
    ],
)
def test_what_a_failure_means(error: Exception, meaning: type[SendError], code: str) -> None:
    meant = judged(error)
    assert type(meant) is meaning
    assert meant.code == code


def test_a_judged_error_stays_as_it_is() -> None:
    error = SendRefused("content")
    assert judged(error) is error


def test_a_bug_is_not_taken_for_a_failed_call() -> None:
    with pytest.raises(TypeError):
        judged(KeyError("x"))


def test_retry_after_is_kept() -> None:
    meant = judged(Throttled(20429, timedelta(seconds=7)))
    assert isinstance(meant, SendLater)
    assert meant.after == timedelta(seconds=7)


def test_a_full_queue_is_left_alone_for_a_minute() -> None:
    meant = judged(rest(400, 21611))
    assert isinstance(meant, SendLater)
    assert meant.after == timedelta(minutes=1)


def test_every_code_of_the_table_has_words() -> None:
    assert len(_reactions()) == 57
    assert all(str(reason_in_words(code)).endswith(".") for code in _reactions())


@pytest.mark.parametrize("code", ["0", "99999", "500", "timeout", "٣", "-1"])
def test_an_unknown_code_has_words_too(code: str) -> None:
    assert str(reason_in_words(code)).endswith(".")


def test_no_code_no_words() -> None:
    assert reason_in_words("") == ""
    assert reaction_to("") is None


def test_words_say_what_to_do_and_follow_the_reader() -> None:
    words = reason_in_words(63016)
    with translation.override("en"):
        assert (
            str(words)
            == "More than 24 hours since the customer last wrote. WhatsApp takes only an approved template now."
        )
    assert not isinstance(words, str), "translated when it is read, not when it is made"
