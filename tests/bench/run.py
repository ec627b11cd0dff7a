"""The whole measurement: floor, doors, answers; printed as one table."""

from __future__ import annotations

import asyncio
import os
import platform
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sufrah.settings")
django.setup()

# Models can be imported only once Django is set up.
import psutil  # noqa: E402
from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402
from tqdm import tqdm  # noqa: E402

from tests.bench.answers import alone, answered  # noqa: E402
from tests.bench.client import Measured, post_all, requests_for  # noqa: E402
from tests.bench.floor import insert_all  # noqa: E402
from tests.bench.told import seconds_told  # noqa: E402
from tests.chaos.evidence import Evidence  # noqa: E402
from tests.chaos.figures import percentiles, waits_of  # noqa: E402
from tests.chaos.house import House, opened, start_twilio, start_web  # noqa: E402
from tests.processes import Process, answers, gunicorn  # noqa: E402
from tests.tables import say, say_pairs, say_table  # noqa: E402

CONNECTIONS = (1, 8, 32)
_MOST_A_SECOND = 1200
_PARTS = 17.0  # nine measurements of a door or the floor, and about as much as five for the answers
_customers = count(1, 100_000)


def main() -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    part = seconds_told() / _PARTS
    logs = settings.DATA_DIR / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    try:
        with opened("twilio", logs) as house, tqdm(total=12, unit=" parts", leave=False) as bar:
            start_twilio(house)
            facts = _facts()
            rows, memory = _doors(house, logs, part, bar.update)
            told = _answers(house, part, bar.update)
    except KeyboardInterrupt:
        say("Stopped.")
        return 130
    say_pairs(facts)
    say()
    say_table(("accepting a message", "connections", "per second", "p50 ms", "p95 ms", "p99 ms", "refused"), rows)
    say()
    say_pairs({**told, **memory})
    return 0


def _facts() -> dict[str, object]:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        version = cursor.fetchone()[0]
    return {
        "cores": os.cpu_count(),
        "Python": platform.python_version(),
        "PostgreSQL": f"{version}, {'embedded' if settings.USES_EMBEDDED_DATABASE else 'from DATABASE_URL'}",
        "load before (1, 5, 15 minutes)": ", ".join(f"{load:.1f}" for load in os.getloadavg()),
    }


def _doors(house: House, logs: Path, part: float, done: Callable[[], object]) -> tuple[list[list[str]], dict[str, str]]:
    """Rows of the table, and who took how much memory."""
    bot, _ = house.senders[0]
    rows, memory = [], {}
    for connections in CONNECTIONS:
        rows.append(insert_all(bot, connections, part).row("bare transactions"))
        done()
    _clear()
    served = gunicorn(house.web.env, logs, settings.PORT)
    for name, process in (("daphne, one process", house.web), ("gunicorn, 2 processes of 8 threads", served)):
        with _serving(process):
            for connections in CONNECTIONS:
                rows.append(_posted(house, connections, part).row(name))
                done()
            memory[f"memory of {name}"] = _memory(process)
        _clear()
    return rows, memory


def _posted(house: House, connections: int, part: float) -> Measured:
    (bot, token), first = house.senders[0], next(_customers)
    requests = requests_for(bot, token, range(first, first + int(part * _MOST_A_SECOND)))
    return asyncio.run(post_all(requests, connections, part))


@contextmanager
def _serving(process: Process) -> Iterator[None]:
    process.start()
    try:
        process.wait_until(lambda: answers(f"{settings.PUBLIC_BASE_URL}/healthz"))
        yield
    finally:
        process.stop()


def _answers(house: House, part: float, done: Callable[[], object]) -> dict[str, str]:
    start_web(house)
    for worker in house.workers:
        worker.start()
    told = {"an answer to one customer alone": _alone(house, part)}
    done()
    for workers in (2, 1):
        if workers == 1:
            house.workers[1].stop()
        told[f"answers with {workers} workers" if workers > 1 else "answers with 1 worker"] = _many(house, part)
        done()
    told["memory of the first worker"] = _memory(house.workers[0])
    return told


def _alone(house: House, part: float) -> str:
    (bot, token), first = house.senders[0], next(_customers)
    asyncio.run(alone(bot, token, range(first, first + 5), 30))  # the first ones make the content resources
    _clear()
    asyncio.run(alone(bot, token, range(first + 10, first + 10 + max(10, int(part * 4))), 30))
    waits = waits_of(Evidence(set(), house.asked("/_fake/sent")["sent"]))
    p50, p95, _ = percentiles([wait.seconds for wait in waits])
    _clear()
    return f"p50 {p50 * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms"


def _many(house: House, part: float) -> str:
    (bot, token), first = house.senders[0], next(_customers)
    found = asyncio.run(answered(bot, token, range(first, first + max(100, int(part * 60))), 8, 60))
    _clear()
    left = f", {found.unanswered} without" if found.unanswered else ""
    return f"{found.per_second:.0f} messages a second, posted, answered and accepted ({found.messages} messages{left})"


def _clear() -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE conversations_conversation, procrastinate_jobs CASCADE")


def _memory(process: Process) -> str:
    """The most that it had, with its children; where the system does not tell, what it has now."""
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    return f"{sum(_peak(member) for member in family) / 2**20:.0f} MB"


def _peak(process: psutil.Process) -> int:
    status = Path(f"/proc/{process.pid}/status")
    if not status.exists():
        return int(process.memory_info().rss)
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    sys.exit(main())
