"""Requests byte by byte, as no decent client sends them."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass


@dataclass(frozen=True)
class Told:
    """`seconds` until the server had said all that it would, or nothing within the patience."""

    answer: bytes
    seconds: float
    sent: int

    @property
    def status(self) -> int:
        """0 where the connection ended without an answer."""
        return int(self.answer.split()[1]) if self.answer else 0


def head_of(method: str, path: str, *headers: str) -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *headers, "", ""]).encode()


def told(port: int, said: bytes, more: Iterable[bytes] = (), patience: float = 30.0) -> Told:
    """Says it, and more until nobody takes it, then listens to the end. Raises TimeoutError when that does not come."""
    began, sent, answer = time.monotonic(), 0, b""
    with socket.create_connection(("127.0.0.1", port), timeout=patience) as client:
        with suppress(ConnectionError):
            client.sendall(said)
            for piece in more:
                client.sendall(piece)
                sent += len(piece)
        with suppress(ConnectionError):
            while piece := client.recv(65_536):
                answer += piece
    return Told(answer, time.monotonic() - began, sent)
