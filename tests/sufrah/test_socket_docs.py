"""The talk over the socket in the guide goes as it is written there."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from bots.live import Kind
from bots.models import ApiToken, Bot
from bots.tokens import create_token
from tests.lines import Frame, on_the_line, socket
from tests.sessions_state.customers import Customer
from tests.world import House, World

pytestmark = pytest.mark.django_db(transaction=True)

GUIDE = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
SAID, HEARD = "→ ", "← "


def lines() -> list[str]:
    [talk] = re.findall(r"^```text\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    return str(talk).splitlines()


def connections() -> list[list[str]]:
    """The lines of each; a new one begins where somebody identifies."""
    found: list[list[str]] = []
    for line in lines():
        if line.startswith(SAID) and "identify" in line:
            found.append([])
        found[-1].append(line)
    return found


def test_the_talk_goes_as_written(world: World) -> None:
    Bot.objects.update(updated_at=timezone.now() - timedelta(hours=1))
    first, second = connections()
    names = {
        "$TOKEN": create_token("till", world.a.restaurant, ApiToken.Scope.READ)[1],
        "$RESTAURANT": str(world.a.restaurant.code),
    }
    place = on_the_line(talk, first, names, world.a)
    Customer(world.a.bot, at=timezone.now()).sends("again")
    # The guide's own place, where it names the last version that was heard, is that of this talk.
    on_the_line(talk, [line.replace('"since": 1773489660123', f'"since": {place}') for line in second], names, world.a)


async def talk(written: list[str], names: dict[str, str], house: House) -> int:
    """Returns the highest version that was heard."""
    place = 0
    async with socket(origin=b"") as line:
        for text in written:
            for name, value in names.items():
                text = text.replace(name, value)
            if text.startswith(SAID):
                await line.send_to(text_data=text.removeprefix(SAID))
            elif text.startswith(HEARD):
                heard = await line.receive_json_from()
                assert_alike(heard, json.loads(text.removeprefix(HEARD)))
                place = max(place, heard["data"].get("version", 0))
            elif "A customer writes." in text:
                await sync_to_async(Customer(house.bot, at=timezone.now()).sends)("hello")
        assert await line.receive_nothing(timeout=0.2)
    return place


def assert_alike(heard: Frame, written: Any) -> None:
    assert (heard["type"], list(heard["data"])) == (written["type"], list(written["data"]))
    for name in ("restaurantId", "restaurantIds"):
        assert heard["data"].get(name) == written["data"].get(name)
    assert type(heard["data"].get("version")) is type(written["data"].get("version"))


def test_the_guide_names_every_frame_and_code() -> None:
    section = GUIDE.partition("## The socket")[2].partition("\n## ")[0]
    for word in (*get_args(Kind), "ready", "resumed", "refetch", "pong", "4400", "4401", "1011"):
        assert f"`{word}`" in section or (word.isdigit() and word in section), word
