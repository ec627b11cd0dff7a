"""The house of a run: two restaurants with a sender each, a fake Twilio, one web process and two workers."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, build_opener

from django.conf import settings

from bots.models import Bot, Restaurant
from orders.models import Category, Item
from tests.processes import Process, answers, fake_twilio, web, worker
from tests.world import TOKEN_A, TOKEN_B, make_house

REPORTED = 1 / 3
"""Part of the messages for which the fake Twilio posts a status callback."""
_LONG_MENU = 14
_direct = build_opener(ProxyHandler({}))


@dataclass
class House:
    """`senders` are the bots with the tokens that sign for them; `twilio` is None where the simulator delivers."""

    senders: list[tuple[Bot, str]]
    web: Process
    workers: list[Process]
    twilio: Process | None

    @property
    def url(self) -> str:
        return settings.PUBLIC_BASE_URL

    def asked(self, path: str) -> Any:
        """What the fake Twilio says."""
        with _direct.open(f"{settings.TWILIO_API_BASE_URL}{path}", timeout=60) as answer:
            return json.load(answer)


@contextmanager
def opened(channel: str, logs: Path) -> Iterator[House]:
    """The rows and the processes, not started yet; all are dead afterwards."""
    env = dict(os.environ)
    twilio = None
    if channel == Bot.Channel.TWILIO:
        port = urlsplit(settings.TWILIO_API_BASE_URL).port or 0
        twilio = fake_twilio(env, logs, port, "--callbacks", "delivered", "--share", str(REPORTED))
    house = House(_restaurants(channel), web(env, logs, settings.PORT), [worker(env, logs, n) for n in (1, 2)], twilio)
    try:
        yield house
    finally:
        for process in (house.web, *house.workers, house.twilio):
            if process is not None:
                process.kill()


def start_twilio(house: House) -> None:
    if house.twilio is not None:
        house.twilio.start()
        house.twilio.wait_until(lambda: answers(f"{settings.TWILIO_API_BASE_URL}/_fake/calls"))


def start_web(house: House) -> None:
    house.web.start()
    house.web.wait_until(lambda: answers(f"{house.url}/healthz"))


def _restaurants(channel: str) -> list[tuple[Bot, str]]:
    """One with a long menu and a payment link, one with a least order and a silence of one minute."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    a = make_house("Shawarma House", "بيت الشاورما", "+966500000101", f"AC{1:032x}", f"XE{1:032x}", TOKEN_A, "a")
    b = make_house("Falafel Corner", "ركن الفلافل", "+966500000102", f"AC{2:032x}", f"XE{2:032x}", TOKEN_B, "b")
    _add_long_category(a.restaurant)
    Bot.objects.filter(pk=a.bot.pk).update(payment_link="https://pay.example.com/a")
    Restaurant.objects.filter(pk=b.restaurant.pk).update(minimum_order=Decimal(14), session_idle_minutes=1)
    Bot.objects.update(channel=channel)
    return [(Bot.objects.get(pk=a.bot.pk), TOKEN_A), (Bot.objects.get(pk=b.bot.pk), TOKEN_B)]


def _add_long_category(restaurant: Restaurant) -> None:
    """More than a list's ten rows, so that people must turn pages."""
    sweets = Category.objects.create(restaurant=restaurant, name_ar="حلويات", name_en="Sweets", position=3)
    for n in range(1, _LONG_MENU + 1):
        Item.objects.create(
            restaurant=restaurant,
            category=sweets,
            name_ar=f"حلى {n}",
            name_en=f"Sweet {n}",
            price=Decimal(n) + Decimal("0.50"),
            position=n,
        )
