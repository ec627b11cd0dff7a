"""Announcements to the pages and systems that listen: a hint what changed, never the thing itself."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction

from bots.hooks.recording import record
from bots.models import Restaurant
from core.pause import Pause

logger = logging.getLogger(__name__)
PASSED_ON_WITHIN = 1.0
_pause = Pause(2.0)

Kind = Literal[
    "message.created", "message.updated", "conversation.updated", "order.created", "order.updated", "bot.status"
]


@dataclass(frozen=True, slots=True)
class Announcement:
    """`ids` are public codes by name (conversationId, messageId, orderId, botId); `version` grows with each change."""

    type: Kind
    restaurant_code: str
    version: int
    ids: dict[str, str] = field(default_factory=dict)

    @property
    def frame(self) -> dict[str, Any]:
        """What goes over the socket: `{type, data: {restaurantId, version, …ids}}`."""
        return {"type": self.type, "data": self.data}

    @property
    def data(self) -> dict[str, Any]:
        return {"restaurantId": self.restaurant_code, "version": self.version, **self.ids}


LISTENERS = "listeners"  # whoever has a socket open


def group_of(restaurant_code: str) -> str:
    return f"restaurant.{restaurant_code}"


def announce(kind: Kind, restaurant: Restaurant, version: int, **ids: object) -> None:
    """Tells the restaurant's listeners once the running transaction has committed; never raises after it. For a
    restaurant with webhooks, what they will be told is written down at once, with one statement."""
    said = Announcement(kind, str(restaurant.code), version, {name: str(code) for name, code in ids.items()})
    if restaurant.has_hooks:
        record(kind, restaurant.pk, said.data)
    transaction.on_commit(partial(_publish, said), robust=True)


def announce_rights() -> None:
    """Once the running transaction has committed, whoever listens is asked for the right to listen again. Needed by
    nobody's safety, as each is asked every few seconds anyway: it ends a lost right at once."""
    transaction.on_commit(partial(_send, LISTENERS, {"type": "rights.changed"}), robust=True)


def _publish(said: Announcement) -> None:
    _send(group_of(said.restaurant_code), {"type": "announcement", "frame": said.frame})


def _send(group: str, event: dict[str, Any]) -> None:
    layer = get_channel_layer()
    if layer is None or _pause.is_on:
        return
    try:
        async_to_sync(_pass_on)(layer, group, event)
    except Exception as error:  # a listener's trouble must never undo or delay what has already happened
        _pause.begin()
        logger.warning(
            "Live announcements are lost for a moment (%s); listeners are told to fetch again.", type(error).__name__
        )


async def _pass_on(layer: Any, group: str, event: dict[str, Any]) -> None:
    async with asyncio.timeout(PASSED_ON_WITHIN):
        await layer.group_send(group, event)
