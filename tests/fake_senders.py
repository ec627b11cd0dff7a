"""What the fake Twilio says of its accounts and their WhatsApp senders. No network here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.fake_account import Answer, error


@dataclass
class FakeSender:
    """A sender of `account`. What it is told is shown only after `reads_until_told` more look-ups."""

    sid: str
    account: str
    number: str
    waba_id: str = "777730705047590"
    status: str = "ONLINE"
    name: str = "Sufrah"
    webhook: dict[str, str] = field(default_factory=dict)
    quality: str = "HIGH"
    offline_reasons: list[dict[str, str]] = field(default_factory=list)
    reads_until_told: int = 0
    told: dict[str, str] | None = None

    def shown(self) -> dict[str, Any]:
        return {
            "sid": self.sid,
            "status": self.status,
            "sender_id": f"whatsapp:{self.number}",
            "configuration": {"waba_id": self.waba_id},
            "webhook": dict(self.webhook) or None,
            "profile": {"name": self.name},
            "properties": {"quality_rating": self.quality, "messaging_limit": "1K Customers/24hr"},
            "offline_reasons": self.offline_reasons or None,
        }

    def looked_up(self) -> dict[str, Any]:
        if self.told is not None and self.reads_until_told <= 0:
            self.webhook, self.told = self.told, None
        self.reads_until_told -= self.told is not None
        return self.shown()


@dataclass
class Senders:
    """All senders of all accounts; `states` of accounts that are not active, `page` rows a page."""

    rows: list[FakeSender] = field(default_factory=list)
    states: dict[str, str] = field(default_factory=dict)
    page: int = 50
    update_status: int = 202

    def account(self, sid: str) -> Answer:
        return Answer(200, {"sid": sid, "status": self.states.get(sid, "active")})

    def fetched(self, account: str, sid: str) -> Answer:
        found = self._of(account, sid)
        return Answer(200, found.looked_up()) if found else error(404, 20404)

    def updated(self, account: str, sid: str, wanted: dict[str, Any]) -> Answer:
        found = self._of(account, sid)
        if found is None:
            return error(404, 20404)
        found.told = dict(wanted["webhook"])
        return Answer(self.update_status, {**found.shown(), "status": "ONLINE:UPDATING"})

    def listed(self, account: str, query: dict[str, str]) -> Answer:
        if query.get("Channel") != "whatsapp":
            return error(400, 20001)
        rows = [row for row in self.rows if row.account == account]
        start = int(query.get("Page", "0")) * self.page
        more = start + self.page < len(rows)
        address = f"https://messaging.twilio.com/v2/Channels/Senders?Channel=whatsapp&Page={start // self.page + 1}"
        meta = {"key": "senders", "next_page_url": address if more else None}
        return Answer(200, {"senders": [row.shown() for row in rows[start : start + self.page]], "meta": meta})

    def _of(self, account: str, sid: str) -> FakeSender | None:
        return next((row for row in self.rows if (row.account, row.sid) == (account, sid)), None)
