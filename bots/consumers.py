"""The socket: may I come in, and may I still stay? What it sends are hints; the pages fetch the truth themselves."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from typing import Any
from urllib.parse import urlsplit

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest

from bots.access import restaurants_of
from bots.live import group_of
from bots.models import Restaurant
from bots.tokens import bearer_of

IDENTIFY_WITHIN = 10.0
ASK_AGAIN_EVERY = 60.0
REFUSED = 4401
BAD_FRAME = 4400


class LiveConsumer(AsyncWebsocketConsumer):
    """A same-origin session listens at once; everybody else sends `{"type": "identify", "token": "…"}` first."""

    groups: list[str] = []

    async def connect(self) -> None:
        self.rooms: set[str] = set()
        self.token: str | None = None
        self.chores: set[asyncio.Task[None]] = set()
        await self.accept()
        if self._is_same_origin():
            await self._listen(await self._allowed())
        self._start(self._keep_asking() if self.rooms else self._give_up_on_strangers())

    async def disconnect(self, code: int) -> None:
        for chore in self.chores:
            chore.cancel()
        await self._listen(set())

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        frame = _parsed(text_data)
        if frame is None:
            await self.close(BAD_FRAME)
        elif frame.get("type") == "identify":
            await self._identify(str(frame.get("token", "")))
        elif frame.get("type") == "ping":
            await self._say({"type": "pong", "data": {}})

    async def announcement(self, event: dict[str, Any]) -> None:
        await self._say(event["frame"])

    async def _identify(self, token: str) -> None:
        self.token = token
        allowed = await self._allowed()
        if not allowed:
            await self.close(REFUSED)
            return
        await self._listen(allowed)
        self._start(self._keep_asking())

    async def _listen(self, allowed: set[str]) -> None:
        for code in allowed - self.rooms:
            await self.channel_layer.group_add(group_of(code), self.channel_name)
        for code in self.rooms - allowed:
            await self.channel_layer.group_discard(group_of(code), self.channel_name)
        if allowed and not self.rooms:
            await self._say({"type": "ready", "data": {"restaurantIds": sorted(allowed)}})
        self.rooms = allowed

    async def _keep_asking(self) -> None:
        """The right to listen may end while the socket is open: signed out, no longer staff, token revoked."""
        while True:
            await asyncio.sleep(ASK_AGAIN_EVERY)
            await self.ask_again()

    async def ask_again(self) -> None:
        allowed = await self._allowed()
        if allowed:
            await self._listen(allowed)
        else:
            await self.close(REFUSED)

    async def _give_up_on_strangers(self) -> None:
        await asyncio.sleep(IDENTIFY_WITHIN)
        if not self.rooms:
            await self.close(REFUSED)

    async def _allowed(self) -> set[str]:
        return await database_sync_to_async(self._allowed_now)()

    def _allowed_now(self) -> set[str]:
        """The codes of the restaurants that may be listened to, asked of the database."""
        if self.token is not None:
            return _codes_for_token(self.token)
        request = HttpRequest()
        request.session = type(self.scope["session"]._wrapped)(self.scope["session"].session_key)
        return {str(code) for code in restaurants_of(get_user(request)).values_list("code", flat=True)}

    def _is_same_origin(self) -> bool:
        headers = dict(self.scope.get("headers", []))
        origin = urlsplit(headers.get(b"origin", b"").decode("latin-1")).netloc
        return bool(origin) and origin in {
            headers.get(b"host", b"").decode("latin-1"),
            urlsplit(settings.PUBLIC_BASE_URL).netloc,
        }

    def _start(self, chore: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(chore)
        self.chores.add(task)
        task.add_done_callback(self.chores.discard)

    async def _say(self, frame: dict[str, Any]) -> None:
        await self.send(text_data=json.dumps(frame))


def _codes_for_token(token: str) -> set[str]:
    bearer = bearer_of(token)
    if bearer is None:
        return set()
    rows = Restaurant.objects.filter(is_active=True)
    if bearer.restaurant_id is not None:
        rows = rows.filter(pk=bearer.restaurant_id)
    return {str(code) for code in rows.values_list("code", flat=True)}


def _parsed(text: str | None) -> dict[str, Any] | None:
    try:
        frame = json.loads(text or "")
    except json.JSONDecodeError:
        return None
    return frame if isinstance(frame, dict) else None
