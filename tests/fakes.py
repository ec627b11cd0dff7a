"""The one fake Twilio: a server on loopback that the real library talks to.

In a test: `with FakeTwilio() as twilio:` and TWILIO_API_BASE_URL = twilio.url. As a process of its own:
`python -m tests.fakes --port 4010 --callbacks-to http://127.0.0.1:8000`; then it is asked and told over HTTP:
GET /_fake/sent, GET /_fake/calls, GET /_fake/looked_up (the newest sid that each look-up was shown),
POST /_fake/fail (a list of failures as JSON), POST /_fake/settings ({"latency": seconds, "callbacks": [statuses],
"callbacks_to": address}), POST /_fake/forget.
"""

from __future__ import annotations

import argparse
import base64
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.error import URLError
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit
from urllib.request import Request, urlopen

from twilio.request_validator import RequestValidator

from tests.fake_account import Account, Answer, Failure, Sent, error
from tests.fake_senders import Senders

_ACCEPTS_FIRST = ("accept_then_answer", "accept_then_drop", "accept_then_hang")


class _Dropped(Exception):
    """The connection breaks without an answer."""


@dataclass
class FakeTwilio:
    """`callbacks` are the statuses that it reports of each message, in order, `latency` the seconds it takes for one.

    `share` is the part of the messages that it reports at all. A message without a StatusCallback is reported to
    `callbacks_to`/whatsapp/status, the sender's default.
    """

    port: int = 0
    latency: float = 0.0
    callbacks: list[str] = field(default_factory=list)
    callbacks_to: str = ""
    share: float = 1.0
    account: Account = field(default_factory=Account)
    senders: Senders = field(default_factory=Senders)

    def __enter__(self) -> FakeTwilio:
        self.server = _Server(("127.0.0.1", self.port), self)
        self.released = threading.Event()
        self.posting = ThreadPoolExecutor(4, "callbacks")
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        self.server.shutdown()
        self.server.server_close()
        self.posting.shutdown(wait=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    @property
    def sent(self) -> list[Sent]:
        with self.account.lock:
            return list(self.account.sent)

    def fail(self, *failures: Failure) -> None:
        self.account.fail(*failures)

    def create(self, account: str, token: str, form: dict[str, list[str]]) -> Answer:
        time.sleep(self.latency)
        failure = self.account.failure_for("messages")
        if failure and failure.how not in _ACCEPTS_FIRST:
            return self._wrong(failure)
        answer, message = self.account.accept(account, form)
        if message:
            self.posting.submit(self._report, message, token)
        return self._wrong(failure) if failure else answer

    def failing(self, target: str) -> Answer | None:
        failure = self.account.failure_for(target)
        return self._wrong(failure) if failure else None

    def report(self, message: Sent, token: str, status: str, **more: str) -> int:
        """Posts one signed callback; returns the HTTP status of the answer."""
        form = {
            "MessageSid": message.sid,
            "SmsSid": message.sid,
            "MessageStatus": status,
            "SmsStatus": status,
            "AccountSid": message.account,
            "From": message.sender,
            "To": message.to,
            "ChannelPrefix": "whatsapp",
            "ApiVersion": "2010-04-01",
            **more,
        }
        address = message.status_callback or f"{self.callbacks_to}/whatsapp/status"
        signature = RequestValidator(token).compute_signature(address, form)
        request = Request(self._reached(address), urlencode(form).encode(), {"X-Twilio-Signature": signature})
        with urlopen(request, timeout=10) as answer:
            return int(answer.status)

    def _report(self, message: Sent, token: str) -> None:
        if not (message.status_callback or self.callbacks_to) or not is_reported(message.sid, self.share):
            return
        for status in self.callbacks:
            for attempt in range(20):  # Twilio tries only once; here nothing but the product under test may lose it
                with suppress(URLError, OSError):
                    self.report(message, token, status)
                    break
                if self.released.wait(0.25 * (attempt + 1)):
                    return

    def _reached(self, address: str) -> str:
        """The same path where it can be reached from here."""
        parts = urlsplit(address)
        return f"{self.callbacks_to}{parts.path}" if self.callbacks_to else address

    def _wrong(self, failure: Failure) -> Answer:
        if failure.how.endswith("hang"):
            self.released.wait(failure.seconds)
            raise _Dropped
        if failure.how.endswith("drop"):
            raise _Dropped
        return error(failure.status, failure.code, failure.retry_after)

    def told(self, path: str, wanted: Any) -> Answer:
        """What another process asks or tells."""
        match path:
            case "/_fake/sent":
                return Answer(200, {"sent": self.account.snapshot()})
            case "/_fake/calls":
                return Answer(200, dict(self.account.calls))
            case "/_fake/looked_up":
                return Answer(200, {"newest_found": list(self.account.looked_up)})
            case "/_fake/fail":
                self.fail(*(Failure(**failure) for failure in wanted))
            case "/_fake/settings":
                for name in ("latency", "callbacks", "callbacks_to"):
                    setattr(self, name, wanted.get(name, getattr(self, name)))
            case "/_fake/forget":
                with self.account.lock:
                    self.account.sent.clear()
            case _:
                return error(404, 20404)
        return Answer(200, {})


def is_reported(sid: str, share: float) -> bool:
    """Whether this message is among the part that is reported."""
    return int(sid[-4:], 16) < share * 0x10000


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], twilio: FakeTwilio) -> None:
        super().__init__(address, _Door)
        self.twilio = twilio

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Callers that are killed break their connections; that is no news."""


class _Door(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        self._serve(b"")

    def do_POST(self) -> None:
        self._serve(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Quiet."""

    def _serve(self, body: bytes) -> None:
        try:
            answer = self._answer(urlsplit(self.path).path, body)
        except _Dropped:
            self.close_connection = True
            return
        data = json.dumps(answer.body).encode()
        head = [f"HTTP/1.1 {answer.status} X", "Content-Type: application/json", f"Content-Length: {len(data)}"]
        head.append("Set-Cookie: balancer=1; Path=/")
        head += [f"{name}: {value}" for name, value in answer.headers.items()]
        with suppress(BrokenPipeError, ConnectionResetError):
            self.wfile.write("\r\n".join([*head, "", ""]).encode() + data)

    def _answer(self, path: str, body: bytes) -> Answer:
        twilio = self.server.twilio
        twilio.account.cookies += self.headers.get_all("Cookie", [])
        if path.startswith("/_fake/"):
            return twilio.told(path, json.loads(body or b"null"))
        account, token = self._login()
        if not account or twilio.account.refused_login(account, token):
            return error(401, 20003)
        if path == f"/2010-04-01/Accounts/{account}/Messages.json":
            return self._messages(account, token, body)
        if path == "/v1/Content":
            return twilio.failing("content") or self._contents(account, body)
        if path == f"/2010-04-01/Accounts/{account}.json":
            return twilio.failing("account") or twilio.senders.account(account)
        if path.startswith("/v2/Channels/Senders"):
            return twilio.failing("senders") or self._senders(account, path, body)
        if path == "/v2/Indicators/Typing.json":
            twilio.account.typing.append(dict(parse_qsl(body.decode()))["messageId"])
            return Answer(200, {"success": True})
        return error(404, 20404)

    def _messages(self, account: str, token: str, body: bytes) -> Answer:
        twilio = self.server.twilio
        if self.command == "POST":
            return twilio.create(account, token, parse_qs(body.decode(), keep_blank_values=True))
        query = dict(parse_qsl(urlsplit(self.path).query))
        return twilio.failing("list") or twilio.account.listed(query)

    def _contents(self, account: str, body: bytes) -> Answer:
        book = self.server.twilio.account
        return book.make_content(account, json.loads(body)) if self.command == "POST" else book.listed_contents(account)

    def _senders(self, account: str, path: str, body: bytes) -> Answer:
        senders, sid = self.server.twilio.senders, path.removeprefix("/v2/Channels/Senders").lstrip("/")
        if not sid:
            return senders.listed(account, dict(parse_qsl(urlsplit(self.path).query)))
        return senders.updated(account, sid, json.loads(body)) if body else senders.fetched(account, sid)

    def _login(self) -> tuple[str, str]:
        scheme, _, secret = self.headers.get("Authorization", "").partition(" ")
        account, _, token = base64.b64decode(secret).decode().partition(":") if scheme == "Basic" else ("", "", "")
        return account, token


def main() -> None:
    parser = argparse.ArgumentParser(description="A fake Twilio on loopback.")
    parser.add_argument("--port", type=int, default=4010)
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--callbacks", default="sent,delivered,read")
    parser.add_argument("--callbacks-to", default="")
    parser.add_argument("--share", type=float, default=1.0, help="part of the messages that is reported")
    told = parser.parse_args()
    statuses = [status for status in told.callbacks.split(",") if status]
    with (
        FakeTwilio(told.port, told.latency, statuses, told.callbacks_to, told.share) as twilio,
        suppress(KeyboardInterrupt),
    ):
        print(twilio.url, flush=True)  # noqa: T201
        threading.Event().wait()


if __name__ == "__main__":
    main()
