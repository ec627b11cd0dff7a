"""A client that costs next to nothing: requests prepared before, connections kept alive, answers barely read."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from bots.models import Bot
from tests.chaos.figures import percentiles
from tests.raw_posts import connect, request_of, status_from
from tests.twilio_posts import text_from


@dataclass
class Measured:
    """`latencies` are seconds; `refused` counts answers that were not 200."""

    connections: int
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    refused: int = 0

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds if self.seconds else 0.0

    def row(self, name: str) -> list[str]:
        """Name, connections, per second, p50, p95 and p99 in ms, refused."""
        in_ms = [f"{value * 1000:.1f}" for value in percentiles(self.latencies)]
        return [name, str(self.connections), f"{self.per_second:.0f}", *in_ms, str(self.refused)]


def requests_for(bot: Bot, token: str, addresses: range, body: str = "السلام عليكم") -> list[bytes]:
    """One signed post of each customer, as bytes of HTTP/1.1."""
    return [request_of(text_from(f"+9665{n:08d}", bot, body), token) for n in addresses]


async def post_all(requests: list[bytes], connections: int, seconds: float) -> Measured:
    """Each connection posts the next one as soon as it has its answer, until time or requests are over."""
    measured, rest = Measured(connections), iter(requests)
    started = time.perf_counter()
    until = started + seconds
    await asyncio.gather(*(_connection(rest, until, measured) for _ in range(connections)))
    measured.seconds = time.perf_counter() - started
    return measured


async def _connection(rest: Iterator[bytes], until: float, measured: Measured) -> None:
    reader, writer = await connect()
    try:
        for request in rest:
            begun = time.perf_counter()
            if begun > until:
                return
            writer.write(request)
            status = await status_from(reader)
            measured.latencies.append(time.perf_counter() - begun)
            measured.refused += status != 200
    finally:
        writer.close()
