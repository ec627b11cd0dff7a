"""The other side of the wire: what the fake Twilio accepted, and what it reported."""

from __future__ import annotations

from collections import defaultdict

from bots.numbers import addressed
from conversations.content import as_text, body_of, choices_of, from_json
from conversations.models import StatusReport
from tests.chaos.check import Check
from tests.chaos.evidence import Evidence, Sent
from tests.chaos.house import REPORTED
from tests.fakes import is_reported


def accepted_once_in_order(evidence: Evidence, sent: list[Sent]) -> Check:
    check = Check("Twilio accepted every message exactly once, in order in each conversation")
    accepted: dict[tuple[str, str], list[str]] = defaultdict(list)
    for message in sent:
        accepted[message["sender"], message["to"]].append(message["sid"])
    for conversation in evidence.conversations:
        key = addressed(conversation.bot.whatsapp_number), addressed(conversation.customer_address)
        ours = [str(row.provider_sid) for row in evidence.outbound.get(conversation.pk, [])]
        theirs = accepted.pop(key, [])
        check.looked_at += len(theirs)
        unknown = [sid for sid in theirs if sid not in set(ours)]
        missing = [sid for sid in ours if sid not in set(theirs)]
        if unknown or missing:
            check.wrong.append(f"conversation {conversation.pk}: {len(unknown)} doubled, {len(missing)} not accepted")
        elif ours != theirs:
            check.wrong.append(f"conversation {conversation.pk}: another order at Twilio than here")
    check.wrong += [f"accepted for nobody: {len(sids)} messages" for sids in accepted.values()]
    return check


def phones_show_the_words(evidence: Evidence, sent: list[Sent]) -> Check:
    check = Check("what Twilio accepted has the words and choices of the row")
    by_sid = {message["sid"]: message for message in sent}
    for row in (row for rows in evidence.outbound.values() for row in rows):
        shown, content = by_sid.get(str(row.provider_sid)), from_json(row.content or {})
        if shown is None:
            continue
        offered = [(_folded(option["id"]), _folded(option["title"])) for option in shown["options"]]
        wanted = [(_folded(choice.id), _folded(choice.title)) for choice in choices_of(content)]
        plain = _folded(shown["body"]) == _folded(as_text(content)) and not offered
        check.expect(
            plain or (_folded(shown["body"]) == _folded(body_of(content)) and offered == wanted),
            f"message {row.pk} went out with other words",
        )
    return check


def reports_applied(evidence: Evidence, sent: list[Sent]) -> Check:
    check = Check("every status report came in, found its message and lifted it")
    status = {message.pk: message.status for message in evidence.messages}
    reports = list(StatusReport.objects.all())
    for report in reports:
        lifted = status.get(report.message_id or 0) in ("delivered", "read")
        check.expect(lifted, f"report {report.pk} of message {report.message_id} changed nothing")
    missing = {message["sid"] for message in sent if is_reported(message["sid"], REPORTED)}
    missing -= {report.provider_sid for report in reports}
    check.wrong += [f"the report of {sid} is missing" for sid in sorted(missing)]
    return check


def _folded(text: str) -> str:
    return " ".join(text.split())
