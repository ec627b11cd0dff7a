"""One run in its place: everybody orders, the reaper strikes, the house comes to rest, everything is checked."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from random import Random

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sufrah.settings")
django.setup()

# Models can be imported only once Django is set up.
from django.conf import settings  # noqa: E402
from procrastinate.contrib.django.models import ProcrastinateJob  # noqa: E402
from tqdm import tqdm  # noqa: E402

from bots.models import Bot  # noqa: E402
from conversations.models import Message, StatusReport  # noqa: E402
from conversations.statuses import WAITING  # noqa: E402
from tests.chaos.customers import Customer, LeftAlone  # noqa: E402
from tests.chaos.evidence import Evidence  # noqa: E402
from tests.chaos.house import REPORTED, House, opened, start_twilio, start_web  # noqa: E402
from tests.chaos.people import crowd  # noqa: E402
from tests.chaos.phones import Post, Screen  # noqa: E402
from tests.chaos.reaper import Reaper  # noqa: E402
from tests.chaos.report import Played, report  # noqa: E402
from tests.chaos.told import Told, told_by  # noqa: E402
from tests.fakes import is_reported  # noqa: E402
from tests.tables import say  # noqa: E402

ARRIVE_WITHIN = 10.0
RESTS_WITHIN = 120.0


def main() -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    told = told_by()
    say(f"seed {told.seed}: {told.customers} customers, {told.kills} kills, channel {told.channel}")
    logs = Path(told.keep_logs) if told.keep_logs else settings.DATA_DIR / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    try:
        with opened(told.channel, logs) as house:
            start_twilio(house)
            played = asyncio.run(_play(told, house))
            sent = house.asked("/_fake/sent")["sent"] if house.twilio else None
            looked_up = house.asked("/_fake/looked_up")["newest_found"] if house.twilio else []
    except KeyboardInterrupt:
        say("Stopped.")
        return 130
    return report(played, Evidence(played.taken, sent), looked_up, logs)


async def _play(told: Told, house: House) -> Played:
    chance = Random(told.seed)
    people, reaper = crowd(told.customers, chance, told.silences), _reaper(told, house, chance)
    post = Post(Random(chance.random()))
    screen = Screen(ThreadPoolExecutor(1, "screen"), [bot.pk for bot, _ in house.senders])
    customers = [
        Customer(replace(person, chance=Random(chance.random())), bot, token, post, screen, told.think)
        for person in people
        for bot, token in _written_to(person.writes_to_both, person.leaves, house, chance)
    ]
    started = time.monotonic()
    await _open(house, reaper)
    looking, reaping = asyncio.create_task(screen.look()), asyncio.create_task(reaper.run())
    orders, left_alone = await _everybody(customers, reaper, chance)
    await reaping
    rested_after = await _rest(house, screen)
    looking.cancel()
    stubborn = await asyncio.to_thread(_stop, house)
    return Played(
        told, len(customers), orders, left_alone, reaper.done, post.taken, post.outcomes, post.echoes,
        time.monotonic() - started, rested_after, reaper.longest_without_worker, stubborn,
    )  # fmt: skip


def _reaper(told: Told, house: House, chance: Random) -> Reaper:
    return Reaper(house.web, house.workers, told.kills, Random(chance.random()), told.every)


def _written_to(both: bool, leaves: bool, house: House, chance: Random) -> list[tuple[Bot, str]]:
    """Who goes away must have written to the restaurant whose silence is short."""
    first, second = house.senders
    if both:
        return [first, second]
    return [second if leaves else chance.choice((first, second))]


async def _open(house: House, reaper: Reaper) -> None:
    await asyncio.to_thread(start_web, house)
    await asyncio.gather(*(reaper.start_worker(worker) for worker in house.workers))


async def _everybody(customers: list[Customer], reaper: Reaper, chance: Random) -> tuple[int, list[str]]:
    """How many orders were placed, and what befell those whom the bot left alone."""
    left_alone: list[str] = []
    orders = 0
    with tqdm(total=len(customers), unit=" customers", smoothing=0) as bar:

        async def one(customer: Customer) -> None:
            nonlocal orders
            await asyncio.sleep(chance.uniform(0, min(ARRIVE_WITHIN, len(customers) / 10)))
            try:
                placed = await customer.orders(lambda: reaper.is_busy)
                orders += placed
            except LeftAlone as trouble:
                left_alone.append(str(trouble))
            bar.update()
            bar.set_postfix(kills=len(reaper.done), orders=orders, refresh=False)

        await asyncio.gather(*(one(customer) for customer in customers))
    return orders, left_alone


async def _rest(house: House, screen: Screen) -> float:
    """Seconds until nothing waits any more; gives up after two minutes, and the checks will say why."""
    started = time.monotonic()
    while not await screen.read(lambda: _is_quiet(house)) and time.monotonic() - started < RESTS_WITHIN:
        await asyncio.sleep(0.25)
    return time.monotonic() - started


def _is_quiet(house: House) -> bool:
    if Message.objects.filter(direction="IN", handled_at=None).exists():
        return False
    if Message.objects.filter(direction="OUT", status__in=WAITING).exists():
        return False
    if ProcrastinateJob.objects.filter(status__in=["todo", "doing"]).exists():
        return False
    return house.twilio is None or StatusReport.objects.count() >= _to_be_reported()


def _to_be_reported() -> int:
    sids = Message.objects.filter(direction="OUT").values_list("provider_sid", flat=True)
    return sum(is_reported(str(sid), REPORTED) for sid in sids)


def _stop(house: House) -> list[str]:
    """The processes that did not end by themselves when they were asked to."""
    stubborn = []
    for process in (house.web, *house.workers):
        with suppress(ProcessLookupError):
            process.stop()
        if process.running is not None and process.running.returncode != 0:
            stubborn.append(f"{process.name} ended with {process.running.returncode}")
    return stubborn


if __name__ == "__main__":
    sys.exit(main())
