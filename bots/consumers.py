"""The socket: may I come in, and may I still stay? What it sends are hints; the pages fetch the truth themselves."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.contrib.auth import get_user
from django.db import Error
from django.http import HttpRequest
from django.utils import timezone

from bots.access import restaurants_of
from bots.live import LISTENERS, group_of
from bots.missed import Missed, catch_up
from bots.models import Restaurant
from bots.relay import relay_of
from bots.rest.bearers import count_failed, seconds_to_wait
from bots.throttle import address_seen
from bots.tokens import bearer_of
from bots.versions import version_at

IDENTIFY_WITHIN = 10.0
# Whose right has ended hears nothing five seconds later: asked when something changed, this often, and before a frame
# is passed on when the last answer is older than this.
ASK_AGAIN_EVERY = 4.0
FRESH_FOR = 2.0
RESUME_EVERY = 1.0
REFUSED = 4401
BAD_FRAME = 4400
TROUBLE = 1011


class LiveConsumer(AsyncWebsocketConsumer):
    """A same-origin session listens at once; everybody else sends `{"type": "identify", "token": "…"}` first. Whoever
    was away says `since`, the highest version that it saw, there or in `{"type": "resume", "since": …}`."""

    groups: list[str] = []

    def __init__(self, missed: Sequence[Missed] = ()) -> None:
        super().__init__()
        self.missed = missed
        self.rooms: set[str] = set()
        self.token: str | None = None
        self.resumed_at = -RESUME_EVERY
        self.asked_at = 0.0

    async def connect(self) -> None:
        self.let_in, self.asking = asyncio.Event(), asyncio.Lock()
        await self.accept()
        await self.channel_layer.group_add(LISTENERS, self.channel_name)
        if settings.REDIS_URL:
            relay_of(self.channel_layer).add(self.fetch_again)
        if self._is_same_origin():
            await self._listen(await self._allowed())
        self.watch = asyncio.create_task(self._keep_asking())

    async def disconnect(self, code: int) -> None:
        self.watch.cancel()
        if settings.REDIS_URL:
            relay_of(self.channel_layer).discard(self.fetch_again)
        await self.channel_layer.group_discard(LISTENERS, self.channel_name)
        await self._listen(set())

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        frame = _parsed(text_data)
        if frame is None:
            await self.close(BAD_FRAME)
        elif frame.get("type") == "identify":
            await self._identify(str(frame.get("token", "")), frame.get("since"))
        elif frame.get("type") == "resume":
            await self._resume(frame["since"])
        elif frame.get("type") == "ping":
            await self._say("pong", {})

    async def announcement(self, event: dict[str, Any]) -> None:
        """What lay in the queue when the right ended is not passed on either."""
        if time.monotonic() - self.asked_at > FRESH_FOR:
            await self._ask_or_close()
        if event["frame"]["data"]["restaurantId"] in self.rooms:
            await self.send(text_data=json.dumps(event["frame"]))

    async def rights_changed(self, event: dict[str, Any]) -> None:
        """Somebody's; whose, the database says."""
        if self.rooms:
            await self._ask_or_close()

    async def fetch_again(self) -> None:
        """Announcements may have been lost on their way."""
        if self.rooms:
            await self._say("refetch", self._place())

    async def _identify(self, token: str, since: int | None) -> None:
        """Once: every time asks the database. None from an address that failed too often is asked for."""
        if self.token is not None:
            await self.close(BAD_FRAME)
            return
        self.token, address = token, self._address()
        if await database_sync_to_async(seconds_to_wait)(address):
            await self.close(REFUSED)
        elif not await self.ask_again():
            await database_sync_to_async(_count_if_unknown)(token, address)
        elif since is not None:
            await self._catch_up(since)

    async def _resume(self, since: int) -> None:
        if not self.rooms:
            await self.close(REFUSED)
        elif time.monotonic() - self.resumed_at < RESUME_EVERY:
            await self._say("refetch", self._place())
        elif await self.ask_again():
            await self._catch_up(since)

    async def _catch_up(self, since: int) -> None:
        """The groups are joined by now: what is committed from here on is heard, what was committed before is read."""
        self.resumed_at, now = time.monotonic(), timezone.now()
        place = self._place()
        found = await database_sync_to_async(catch_up)(self.missed, self.rooms, since, now)
        for said in found or []:
            await self.send(text_data=json.dumps(said.frame))
        await self._say("refetch" if found is None else "resumed", place)

    async def _listen(self, allowed: set[str]) -> None:
        for code in allowed - self.rooms:
            await self.channel_layer.group_add(group_of(code), self.channel_name)
        for code in self.rooms - allowed:
            await self.channel_layer.group_discard(group_of(code), self.channel_name)
        was_out, self.rooms = not self.rooms, allowed
        if allowed and was_out:
            self.let_in.set()
            await self._say("ready", self._place())

    async def _keep_asking(self) -> None:
        """The right to listen may end while the socket is open: signed out, no longer staff, token revoked."""
        try:
            await asyncio.wait_for(self.let_in.wait(), IDENTIFY_WITHIN)
        except TimeoutError:
            await self.close(REFUSED)
            return
        while True:
            await asyncio.sleep(ASK_AGAIN_EVERY)
            await self._ask_or_close()

    async def _ask_or_close(self) -> None:
        """Where the right cannot be asked, the listener hears nothing and must come again."""
        try:
            await self.ask_again()
        except Error:
            await self._listen(set())
            await self.close(TROUBLE)

    async def ask_again(self) -> bool:
        async with self.asking:  # or an old answer could come after a new one
            allowed = await self._allowed()
            await self._listen(allowed)
        if not allowed:
            await self.close(REFUSED)
        return bool(allowed)

    async def _allowed(self) -> set[str]:
        """True of the moment before it is asked."""
        asked_at = time.monotonic()
        allowed = await database_sync_to_async(self._allowed_now)()
        self.asked_at = asked_at
        return allowed

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

    def _address(self) -> str | None:
        headers = self.scope.get("headers", [])
        forwarded_for = b",".join(value for name, value in headers if name == b"x-forwarded-for")
        peer = self.scope.get("client") or [""]
        return address_seen(forwarded_for.decode("latin-1"), str(peer[0]))

    def _place(self) -> dict[str, Any]:
        """What is heard, and from where to resume if nothing comes."""
        return {"restaurantIds": sorted(self.rooms), "version": version_at(timezone.now())}

    async def _say(self, kind: str, data: dict[str, Any]) -> None:
        await self.send(text_data=json.dumps({"type": kind, "data": data}))


def _codes_for_token(token: str) -> set[str]:
    bearer = bearer_of(token)
    if bearer is None:
        return set()
    rows = Restaurant.objects.filter(is_active=True)
    if bearer.restaurant_id is not None:
        rows = rows.filter(pk=bearer.restaurant_id)
    return {str(code) for code in rows.values_list("code", flat=True)}


def _count_if_unknown(token: str, address: str | None) -> None:
    """A good token may be refused too, when its restaurant is closed."""
    if bearer_of(token) is None:
        count_failed(address)


def _parsed(text: str | None) -> dict[str, Any] | None:
    """None for what is no frame. `since` is a whole number wherever it stands, and no resume goes without."""
    try:
        frame = json.loads(text or "")
    except (ValueError, RecursionError):  # no JSON, a number of thousands of digits, or brackets without end
        return None
    if not isinstance(frame, dict):
        return None
    has_since = "since" in frame or frame.get("type") == "resume"
    return None if has_since and type(frame.get("since")) is not int else frame
