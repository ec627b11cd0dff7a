"""What a failed call means: may it be tried again, and what should a person do about it?

Twilio says that codes and messages may change, so an unknown code is judged by its HTTP status alone.
"""

from __future__ import annotations

from datetime import timedelta

import requests
from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from urllib3.exceptions import MaxRetryError, NewConnectionError

from bots.twilio.reactions import Reaction, reaction_to
from bots.twilio.reasons import reason_in_words

__all__ = [
    "CALL_ERRORS",
    "OutOfTime",
    "Reaction",
    "SendError",
    "SendLater",
    "SendRefused",
    "SendUnknown",
    "Throttled",
    "judged",
    "reaction_to",
    "reason_in_words",
]

MINUTE = timedelta(minutes=1)


class SendError(Exception):
    """A message that did not get its provider id. `code` is Twilio's, or a word of ours; at most 12 characters."""

    def __init__(self, code: str, reason: str = "") -> None:
        super().__init__(f"{code} {reason}".strip())
        self.code = code
        self.reason = reason


class SendRefused(SendError):
    """Refused for good: the same request will be refused again."""


class SendLater(SendError):
    """Not processed, safe to send again; not before `after`, where the provider named a time."""

    def __init__(self, code: str, reason: str = "", after: timedelta | None = None) -> None:
        super().__init__(code, reason)
        self.after = after


class SendUnknown(SendError):
    """Nobody knows whether it was accepted: look it up before sending again."""


class Throttled(Exception):
    """A 429, with the header that the library's own exception forgets."""

    def __init__(self, code: int, retry_after: timedelta | None) -> None:
        super().__init__(f"HTTP 429, code {code}")
        self.code = code
        self.retry_after = retry_after


class OutOfTime(Exception):
    """No time was left to begin the request; nothing was sent."""


def judged(error: Exception) -> SendError:
    """The send error that this exception of the library, of `requests` or of our own HTTP client means."""
    match error:
        case SendError():
            return error
        case OutOfTime():
            return SendLater("no_time")
        case Throttled():
            return _judged_throttle(error)
        case TwilioRestException() | TwilioServiceException():
            return _judged_answer(int(error.status or 0), str(error.code or error.status or "")[:12])
        case TwilioException():
            return SendUnknown("no_answer")
        case requests.RequestException():
            return SendLater("no_connect") if _never_left(error) else SendUnknown("no_answer")
    raise TypeError(f"{type(error).__name__} is no failed call") from error


CALL_ERRORS = (SendError, OutOfTime, Throttled, TwilioException, requests.RequestException)


def _judged_throttle(error: Throttled) -> SendError:
    known = reaction_to(error.code)
    if known and known.reaction != "retry":
        return SendRefused(str(error.code), known.meaning)
    return SendLater(str(error.code), "", error.retry_after)


def _judged_answer(status: int, code: str) -> SendError:
    known = reaction_to(code)
    meaning = known.meaning if known else ""
    if status >= 500 or status in (0, 408):
        return SendUnknown(code, meaning)
    if status == 429:
        return SendLater(code, meaning)
    if known and known.reaction == "retry":
        return SendLater(code, meaning, MINUTE)
    return SendRefused(code, meaning)


def _never_left(error: requests.RequestException) -> bool:
    """Whether the connection failed before a byte of the request was written."""
    if isinstance(error, requests.ConnectTimeout):
        return True
    cause = error.args[0] if error.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)
