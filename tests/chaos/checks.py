"""What must hold after everything: nothing lost, nothing doubled, nobody left without an answer."""

from __future__ import annotations

from collections import Counter

from procrastinate.contrib.django.models import ProcrastinateJob

from conversations.statuses import WAITING
from tests.chaos.check import Check, differences
from tests.chaos.evidence import Evidence
from tests.chaos.order_checks import every_order_once, numbers_without_gaps, orders_are_right
from tests.chaos.twilio_checks import accepted_once_in_order, phones_show_the_words, reports_applied


def all_checks(evidence: Evidence) -> list[Check]:
    checks = [
        stored_once(evidence),
        states_equal_replay(evidence),
        replies_equal_replay(evidence),
        every_order_once(evidence),
        orders_are_right(evidence),
        numbers_without_gaps(evidence),
        nothing_left(evidence),
        jobs_done(),
    ]
    if evidence.sent is not None:
        checks += [accepted_once_in_order(evidence, evidence.sent), phones_show_the_words(evidence, evidence.sent)]
        checks.append(reports_applied(evidence, evidence.sent))
    return checks


def stored_once(evidence: Evidence) -> Check:
    check = Check("a message whose webhook got a 200 is stored exactly once")
    stored = Counter((m.bot_id, str(m.provider_sid)) for m in evidence.messages if m.direction == "IN")
    for key in evidence.taken | set(stored):
        check.expect(stored[key] == 1, f"{key[1]} is stored {stored[key]} times")
    return check


def states_equal_replay(evidence: Evidence) -> Check:
    check = Check("every session equals the replay of its messages")
    for conversation in evidence.conversations:
        session, replay = evidence.sessions.get(conversation.pk), evidence.replays[conversation.pk]
        name = f"conversation {conversation.pk}"
        if session is None:
            check.expect(False, f"{name} has no session")
            continue
        different = differences(replay.stored_state, session.state)
        check.expect(not different and session.step == replay.state.step, f"{name} differs: {different}")
        check.expect(
            session.expires_at == replay.silent_at,
            f"{name} falls silent at {session.expires_at}, the replay at {replay.silent_at}",
        )
        check.expect(conversation.is_bot_active == replay.bot_speaks, f"{name}: who speaks differs")
    return check


def replies_equal_replay(evidence: Evidence) -> Check:
    check = Check("every turn's replies exist once, in order, and say what the replay says")
    for conversation in evidence.conversations:
        rows = evidence.outbound.get(conversation.pk, [])
        for row in rows:
            check.expect(row.answers_id is not None, f"message {row.pk} answers nothing: {row.body[:60]!r}")
        said = [(row.answers_id, row.position, row.content) for row in rows if row.answers_id is not None]
        wanted = [
            (turn, position, content)
            for turn, contents in evidence.replays[conversation.pk].replies.items()
            for position, content in enumerate(contents)
        ]
        check.looked_at += len(wanted)
        if said != wanted:
            first = next((n for n, pair in enumerate(zip(said, wanted, strict=False)) if pair[0] != pair[1]), None)
            check.wrong.append(
                f"conversation {conversation.pk}: {len(said)} replies, the replay has {len(wanted)}; "
                f"the first difference is at {first}"
            )
    return check


def nothing_left(evidence: Evidence) -> Check:
    check = Check("nothing is unanswered, unsent, failed or parked")
    for message in evidence.messages:
        if message.direction == "IN":
            check.expect(message.handled_at is not None, f"message {message.pk} is unanswered")
            check.expect(message.turn_error == "", f"the turn of {message.pk} failed: {message.turn_error}")
        else:
            sent = message.status not in (*WAITING, "failed", "undelivered")
            check.expect(sent, f"message {message.pk} is {message.status} {message.error_code}")
    return check


def jobs_done() -> Check:
    check = Check("no job is left, stuck or failed")
    for job in ProcrastinateJob.objects.exclude(status__in=["succeeded", "cancelled"]):
        check.expect(False, f"job {job.pk} {job.task_name}{job.args} is {job.status}")
    return check
