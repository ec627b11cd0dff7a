"""How long people waited, above all those whose conversation was in the hands of a killed worker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import quantiles

from conversations.models import Message, StatusReport
from tests.chaos.evidence import Evidence
from tests.chaos.reaper import Kill


@dataclass(frozen=True, slots=True)
class Wait:
    """From the webhook's 200 to the last reply at the provider."""

    conversation_id: int
    since: datetime
    until: datetime

    @property
    def seconds(self) -> float:
        return (self.until - self.since).total_seconds()


@dataclass(frozen=True, slots=True)
class Pause:
    """From a kill to the next sign of life in a conversation that the dead worker held."""

    conversation_id: int
    seconds: float


def waits_of(evidence: Evidence) -> list[Wait]:
    """One for each inbound message that got a reply."""
    spoken = spoken_at(evidence)
    last: dict[int, datetime] = {}
    for row in (row for rows in evidence.outbound.values() for row in rows):
        if row.answers_id is not None and row.pk in spoken:
            last[row.answers_id] = max(spoken[row.pk], last.get(row.answers_id, spoken[row.pk]))
    asked = {message.pk: message for message in evidence.messages if message.pk in last}
    return [Wait(row.conversation_id, row.received_at or row.created_at, last[pk]) for pk, row in asked.items()]


def pauses_after(kills: Sequence[Kill], evidence: Evidence) -> list[Pause]:
    """Only of conversations in which something waited at the moment of the kill."""
    waits = waits_of(evidence)
    found = []
    for kill in kills:
        for conversation_id in kill.held:
            waiting = [w for w in waits if w.conversation_id == conversation_id and w.since <= kill.at < w.until]
            if waiting:
                first = min(wait.until for wait in waiting)
                found.append(Pause(conversation_id, (first - kill.at).total_seconds()))
    return found


def spoken_at(evidence: Evidence) -> dict[int, datetime]:
    """When the provider had each outgoing message: its own time, or the simulator's first report."""
    if evidence.sent is None:
        reports = StatusReport.objects.filter(message__isnull=False).order_by("-at")
        return {int(pk): at for pk, at in reports.values_list("message_id", "at") if pk}
    moments = {sent["sid"]: datetime.fromtimestamp(sent["seconds"], UTC) for sent in evidence.sent}
    rows = (row for rows in evidence.outbound.values() for row in rows)
    return {row.pk: moments[str(row.provider_sid)] for row in rows if row.provider_sid in moments}


def sent_twice(evidence: Evidence) -> int:
    """How many messages Twilio has that no row of ours knows."""
    ours = {row.provider_sid for row in evidence.messages}
    return sum(sent["sid"] not in ours for sent in evidence.sent or [])


def attempted_again(messages: Sequence[Message]) -> int:
    """Outgoing messages that needed more than one claim."""
    return sum(message.direction == "OUT" and message.attempts > 1 for message in messages)


def found_by_look_up(evidence: Evidence, looked_up: Sequence[str]) -> int:
    """How many were tried again and had reached Twilio already: a look-up was shown them as the newest."""
    shown = set(looked_up)
    again = (row for row in evidence.messages if row.direction == "OUT" and row.attempts > 1)
    return sum(row.provider_sid in shown for row in again)


def percentiles(values: Sequence[float]) -> tuple[float, float, float]:
    """p50, p95 and p99; all 0 for less than two values."""
    if len(values) < 2:
        return 0.0, 0.0, 0.0
    cuts = quantiles(values, n=100, method="inclusive")
    return cuts[49], cuts[94], cuts[98]
