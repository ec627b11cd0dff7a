"""Clients of the Twilio library: one HTTP pool a process, a time limit on every call, and nothing logged.

The library has no default time-out, reads credentials and regions from the environment unless told otherwise, and
forgets the headers of a 429 (seen in twilio 9.13).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from functools import lru_cache
from http.cookiejar import DefaultCookiePolicy
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from requests import PreparedRequest, Session
from requests.adapters import HTTPAdapter
from twilio.base.exceptions import TwilioRestException, TwilioServiceException
from twilio.base.version import Version
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client
from urllib3.util import Timeout

from bots.models import Bot
from bots.twilio.errors import OutOfTime, Throttled

CONNECT_SECONDS = 4.0
_LEAST_SECONDS = 0.5
_deadline: ContextVar[float | None] = ContextVar("twilio_deadline", default=None)


def client_for(bot: Bot) -> Client:
    """A client of the account that owns this sender. Raises SecretUnreadable, ImproperlyConfigured.

    Made anew each time, for 0.1 ms, so that no token outlives its call; the connections below it are kept.
    """
    http = _http(settings.TWILIO_API_BASE_URL)
    return Client(bot.owning_account, bot.auth_token.reveal(), http_client=http, environment={"_": "_"})


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """All calls inside end within this time, together; one that cannot begin any more raises OutOfTime. Inside another
    limit the sooner of the two holds."""
    ends, outer = time.monotonic() + seconds, _deadline.get()
    token = _deadline.set(ends if outer is None else min(ends, outer))
    try:
        yield
    finally:
        _deadline.reset(token)


def is_allowed_base(url: str) -> bool:
    """Whether Twilio's calls may be pointed here: this machine, or Twilio itself by https."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        return False
    if parts.username or parts.password or parts.query or parts.fragment:
        return False
    if parts.scheme == "https" and host.endswith(".twilio.com"):
        return True
    return parts.scheme in ("http", "https") and _is_loopback(host)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@lru_cache(maxsize=4)
def _http(base_url: str) -> PooledHttp:
    if base_url and not is_allowed_base(base_url):
        raise ImproperlyConfigured("TWILIO_API_BASE_URL must be on this machine, or https to twilio.com.")
    return PooledHttp(base_url)


class PooledHttp(TwilioHttpClient):  # type: ignore[misc]
    """The library's HTTP client on one pooled session, shared by all threads and accounts.

    `requests` lets threads share a session as long as nobody changes it; cookies, which would pass from one account
    to the next, are refused. With a `base_url` every call of every Twilio host goes there.
    """

    def __init__(self, base_url: str) -> None:
        super().__init__(timeout=settings.TWILIO_TIMEOUT_SECONDS, max_retries=0)
        self.base_url = base_url.rstrip("/")
        self.session = _session(keeps_to_itself=bool(base_url))

    def request(
        self,
        method: str,
        url: str,
        params: dict[str, object] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        """As the library's. Raises Throttled for a 429, OutOfTime, and what `requests` raises."""
        address = self._address(url)
        answer = super().request(method, address, params, data, headers, auth, timeout, allow_redirects)
        if answer.status_code == 429:
            raise _throttled(method, address, answer)
        return answer

    def log_request(self, kwargs: dict[str, Any]) -> None:
        """Nothing: addresses of calls carry phone numbers."""

    def log_response(self, status_code: int, response: Any) -> None:
        """Nothing."""

    def _address(self, url: str) -> str:
        if not self.base_url:
            return url
        parts = urlsplit(url)
        return f"{self.base_url}{parts.path}{'?' + parts.query if parts.query else ''}"


class _TimedAdapter(HTTPAdapter):
    """Ends every call with the deadline of `within`, or after TWILIO_TIMEOUT_SECONDS in all."""

    def send(self, request: PreparedRequest, *args: Any, **options: Any) -> Any:
        return super().send(request, *args, **{**options, "timeout": _time_limit()})


def _time_limit() -> Timeout:
    deadline = _deadline.get()
    left = float(settings.TWILIO_TIMEOUT_SECONDS)
    if deadline is not None:
        left = min(left, deadline - time.monotonic())
    if left < _LEAST_SECONDS:
        raise OutOfTime
    return Timeout(total=left, connect=min(CONNECT_SECONDS, left))


def _session(*, keeps_to_itself: bool) -> Session:
    session = Session()
    size = settings.WORKER_CONCURRENCY + settings.HTTP_THREADS
    for scheme in ("https://", "http://"):
        session.mount(scheme, _TimedAdapter(pool_connections=8, pool_maxsize=size, max_retries=0))
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.trust_env = not keeps_to_itself  # a proxy of the environment is for Twilio, not for a mock on loopback
    return session


def _throttled(method: str, url: str, answer: Response) -> Throttled:
    error = Version.exception(method, url, answer, "Too many requests")
    code = error.code if isinstance(error, TwilioRestException | TwilioServiceException) else None
    return Throttled(int(code or 429), _retry_after(answer))


def _retry_after(answer: Response) -> timedelta | None:
    """Only the form in seconds; a date says nothing that our own back-off does not."""
    text = str((answer.headers or {}).get("Retry-After", "")).strip()
    return timedelta(seconds=min(int(text), 3600)) if text.isdecimal() else None
