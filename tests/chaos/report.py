"""What a run has shown, for people to read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.check import Check
from tests.chaos.checks import all_checks
from tests.chaos.evidence import Evidence
from tests.chaos.figures import attempted_again, found_by_look_up, pauses_after, percentiles, sent_twice, waits_of
from tests.chaos.reaper import Kill
from tests.chaos.told import Told
from tests.tables import say, say_pairs, say_table

_SHOWN = 12


@dataclass(frozen=True)
class Played:
    """What happened on the customers' side. Times are seconds."""

    told: Told
    talks: int
    orders: int
    left_alone: list[str]
    kills: list[Kill]
    taken: set[tuple[int, str]]
    outcomes: Counter[str]
    echoes: int
    seconds: float
    rested_after: float
    without_worker: float
    stubborn: list[str]


def report(played: Played, evidence: Evidence, looked_up: Sequence[str], logs: Path) -> int:
    """Prints everything; returns the exit code."""
    checks = [*_people(played), *all_checks(evidence)]
    _say_figures(played, evidence, looked_up)
    _say_words(logs)
    say()
    rows = [
        (f"{'✗' if check.wrong else '✓'} {check.name}", f"{check.looked_at:,}", len(check.wrong)) for check in checks
    ]
    say_table(("what must hold", "looked at", "wrong"), rows)
    for check in checks:
        _say_wrong(check)
    broken = sum(bool(check.wrong) for check in checks)
    say()
    say(f"{broken} of {len(checks)} do not hold (seed {played.told.seed})." if broken else "Everything holds.")
    return 1 if broken else 0


def _people(played: Played) -> list[Check]:
    return [
        Check("every customer was answered and got the order placed", played.talks, played.left_alone),
        Check("as many processes were killed as told", len(played.kills), _too_few(played)),
        Check("web and workers end when they are asked to", 3, played.stubborn),
    ]


def _too_few(played: Played) -> list[str]:
    missing = played.told.kills - len(played.kills)
    return [f"{missing} kills are missing"] if missing else []


def _say_figures(played: Played, evidence: Evidence, looked_up: Sequence[str]) -> None:
    waits = [wait.seconds for wait in waits_of(evidence)]
    pauses = pauses_after(played.kills, evidence)
    p50, p95, p99 = percentiles(waits)
    held = sum(len(kill.held) for kill in played.kills)
    figures: dict[str, object] = {
        "took": f"{played.seconds:.0f} s, of them {played.rested_after:.1f} s after the last customer was done",
        "talks and orders": f"{played.talks} talks, {played.orders} orders",
        "killed": ", ".join(f"{name} {n} times" for name, n in sorted(Counter(k.name for k in played.kills).items())),
        "posts by outcome": dict(played.outcomes.most_common()),
        "posted twice at once": played.echoes,
        "silences heard": sum(replay.silences for replay in evidence.replays.values()),
        "from webhook to last reply": f"p50 {p50:.2f} s, p95 {p95:.2f} s, p99 {p99:.2f} s",
        "longest wait for a reply": f"{max(waits, default=0):.1f} s",
        "longest time without a worker": f"{played.without_worker:.1f} s",
        "held by a killed worker": f"{held} conversations, {len(pauses)} of them with something waiting",
        "longest pause after a kill": f"{max((pause.seconds for pause in pauses), default=0):.1f} s",
        "tried more than once": attempted_again(evidence.messages),
    }
    if evidence.sent is not None:
        found = found_by_look_up(evidence, looked_up)
        figures["look-ups before sending again"] = f"{len(looked_up)}, {found} found the earlier send"
        figures["accepted by Twilio"] = f"{len(evidence.sent):,}, doubled {sent_twice(evidence)}"
    say()
    say_pairs(figures)


def _say_words(logs: Path) -> None:
    """The first lines of trouble in the processes' own words."""
    lines: Counter[str] = Counter()
    for path in sorted(logs.iterdir()):
        words = path.read_text("utf-8", "replace").splitlines()
        lines.update(f"{path.name}: {line[:160]}" for line in words if _is_trouble(line))
    for line, count in lines.most_common(_SHOWN):
        say(f"in the logs: {count} × {line}")


def _is_trouble(line: str) -> bool:
    return any(word in line for word in ("ERROR", "WARNING", "CRITICAL", "Error:", "Exception:"))


def _say_wrong(check: Check) -> None:
    if not check.wrong:
        return
    say(f"\n✗ {check.name}")
    for line in check.wrong[:_SHOWN]:
        say(f"    {line}")
    if len(check.wrong) > _SHOWN:
        say(f"    … and {len(check.wrong) - _SHOWN} more")
