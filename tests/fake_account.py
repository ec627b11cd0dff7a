"""What the fake Twilio remembers, and what it says to a request. No network here."""

from __future__ import annotations

import json
import re
import threading
import uuid
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

BODY_LIMIT = 1600
_SLOT = re.compile(r"\{\{(\w+)\}\}")
_BAD_VARIABLE = re.compile(r"[\n\r\t]| {5,}")


@dataclass(frozen=True)
class Failure:
    """How one request to `target` (messages, list, content, account, senders) goes wrong.

    `how`: answer (with `status`, `code` and perhaps `retry_after` seconds), drop (the connection breaks before
    anything is accepted), accept_then_answer, accept_then_drop, accept_then_hang (for `seconds`), hang.
    """

    how: str = "answer"
    target: str = "messages"
    status: int = 500
    code: int | None = None
    retry_after: int | None = None
    seconds: float = 0.0


@dataclass(frozen=True)
class Answer:
    status: int
    body: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Sent:
    """A message that was accepted. `options` are the `{id, title}` that the customer sees."""

    sid: str
    account: str
    to: str
    sender: str
    body: str
    media: list[str]
    content_sid: str
    options: list[dict[str, str]]
    status_callback: str
    created_at: str
    seconds: float


class Account:
    """All that was accepted, by whatever account; safe for threads."""

    def __init__(self, *, names_content_bodies: bool = True) -> None:
        self.lock = threading.Lock()
        self.sent: list[Sent] = []
        self.contents: dict[str, dict[str, Any]] = {}
        self.typing: list[str] = []
        self.cookies: list[str] = []
        self.failures: list[Failure] = []
        self.calls: dict[str, int] = {}
        self.looked_up: list[str] = []
        self.tokens: dict[str, str] = {}
        self.names_content_bodies = names_content_bodies

    def fail(self, *failures: Failure) -> None:
        """The next requests go wrong, each as told, in this order."""
        with self.lock:
            self.failures.extend(failures)

    def failure_for(self, target: str) -> Failure | None:
        with self.lock:
            self.calls[target] = self.calls.get(target, 0) + 1
            found = next((failure for failure in self.failures if failure.target == target), None)
            if found:
                self.failures.remove(found)
            return found

    def snapshot(self) -> list[dict[str, Any]]:
        with self.lock:
            return [asdict(message) for message in self.sent]

    def refused_login(self, account: str, token: str) -> bool:
        return bool(self.tokens) and self.tokens.get(account) != token

    def accept(self, account: str, form: dict[str, list[str]]) -> tuple[Answer, Sent | None]:
        """POST Messages.json: 201 and the message, or the refusal that Twilio would give."""
        one = {name: values[-1] for name, values in form.items()}
        code = self._refusal(one)
        if code:
            return error(400, code), None
        message = self._message(account, one, form)
        with self.lock:
            self.sent.append(message)
        return Answer(201, self._shown(message)), message

    def listed(self, query: dict[str, str]) -> Answer:
        """GET Messages.json, newest first."""
        with self.lock:
            rows = [row for row in reversed(self.sent) if _fits(row, query)]
        page = rows[: int(query.get("PageSize", "50"))]
        self.looked_up.append(page[0].sid if page else "")
        return Answer(200, {"messages": [self._shown(row) for row in page], "page": 0, "next_page_uri": None})

    def make_content(self, account: str, wanted: dict[str, Any]) -> Answer:
        """POST /v1/Content."""
        types = {name: value for name, value in (wanted.get("types") or {}).items() if value}
        if not types:
            return error(400, 20001)
        made = {**wanted, "types": types, "sid": f"HX{uuid.uuid4().hex}", "account_sid": account}
        with self.lock:
            self.contents[str(made["sid"])] = made
        return Answer(201, made)

    def listed_contents(self, account: str) -> Answer:
        with self.lock:
            rows = [row for row in self.contents.values() if row["account_sid"] == account]
        return Answer(200, {"contents": rows, "meta": {"key": "contents", "next_page_url": None}})

    def _refusal(self, one: dict[str, str]) -> int | None:
        if not one.get("To"):
            return 21604
        if not one["To"].startswith("whatsapp:") or not one.get("From", "").startswith("whatsapp:+"):
            return 21211
        if len(one.get("Body", "")) > BODY_LIMIT:
            return 21617
        if not (one.get("Body") or one.get("MediaUrl") or one.get("ContentSid")):
            return 21619
        return self._content_refusal(one) if one.get("ContentSid") else None

    def _content_refusal(self, one: dict[str, str]) -> int | None:
        if one["ContentSid"] not in self.contents:
            return 21655
        values = json.loads(one.get("ContentVariables", "{}"))
        bad = any(
            not isinstance(value, str) or not value.strip() or _BAD_VARIABLE.search(value) for value in values.values()
        )
        return 21656 if bad else None

    def _message(self, account: str, one: dict[str, str], form: dict[str, list[str]]) -> Sent:
        now = datetime.now(UTC)
        body = one.get("Body", "")
        options: list[dict[str, str]] = []
        if one.get("ContentSid"):
            body, options = self._rendered(one["ContentSid"], json.loads(one.get("ContentVariables", "{}")))
        prefix = "MM" if one.get("ContentSid") or form.get("MediaUrl") else "SM"
        return Sent(
            sid=f"{prefix}{uuid.uuid4().hex}",
            account=account,
            to=one["To"],
            sender=one["From"],
            body=body,
            media=form.get("MediaUrl", []),
            content_sid=one.get("ContentSid", ""),
            options=options,
            status_callback=one.get("StatusCallback", ""),
            created_at=format_datetime(now),
            seconds=now.timestamp(),
        )

    def _rendered(self, content_sid: str, values: dict[str, str]) -> tuple[str, list[dict[str, str]]]:
        shown: dict[str, Any] = next(iter(self.contents[content_sid]["types"].values()))

        def filled(text: str) -> str:
            return _SLOT.sub(lambda slot: values.get(slot[1], "-"), text)

        rows = shown.get("actions") or shown.get("items") or []
        options = [{"id": filled(row["id"]), "title": filled(row.get("title") or row["item"])} for row in rows]
        return filled(shown.get("body", "")), options

    def _shown(self, row: Sent) -> dict[str, Any]:
        body = "" if row.content_sid and not self.names_content_bodies else row.body
        return {
            "sid": row.sid,
            "status": "queued",
            "to": row.to,
            "from": row.sender,
            "body": body,
            "direction": "outbound-api",
            "num_media": str(len(row.media)),
            "num_segments": "1",
            "error_code": None,
            "error_message": None,
            "account_sid": row.account,
            "api_version": "2010-04-01",
            "date_created": row.created_at,
            "date_updated": row.created_at,
            "date_sent": None,
        }


def error(status: int, code: int | None, retry_after: int | None = None) -> Answer:
    """The shape of Twilio's refusals."""
    shown = code or status
    body = {
        "code": shown,
        "message": "refused",
        "more_info": f"https://www.twilio.com/docs/errors/{shown}",
        "status": status,
    }
    return Answer(status, body, {"Retry-After": str(retry_after)} if retry_after is not None else {})


def _fits(row: Sent, query: dict[str, str]) -> bool:
    return query.get("To") in (None, row.to) and query.get("From") in (None, row.sender)
