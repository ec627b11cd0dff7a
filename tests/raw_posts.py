"""Signed posts as bytes of HTTP/1.1, for runs in which the client must cost next to nothing."""

from __future__ import annotations

import asyncio
from urllib.parse import urlencode

from django.conf import settings

from tests.twilio_posts import FORM, signature


def request_of(form: dict[str, str], token: str, path: str = "/whatsapp/webhook") -> bytes:
    """The whole request to our own port."""
    body = urlencode(form).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{settings.PORT}\r\nContent-Type: {FORM}\r\n"
        f"X-Twilio-Signature: {signature(path, form, token)}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def connect() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Raises OSError where nobody listens."""
    return await asyncio.open_connection("127.0.0.1", settings.PORT)


async def status_from(reader: asyncio.StreamReader) -> int:
    """Reads one answer to its end; the house gives every answer a length. Raises EOFError when the connection breaks,
    OSError."""
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    length = next(int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length:"))
    await reader.readexactly(length)
    return int(lines[0].split()[1])


async def posted(request: bytes, patience: float) -> int:
    """Posts over a connection of its own; returns the status. Raises OSError, EOFError, TimeoutError."""
    async with asyncio.timeout(patience):
        reader, writer = await connect()
        try:
            writer.write(request)
            return await status_from(reader)
        finally:
            writer.close()
