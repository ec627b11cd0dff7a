"""Signatures by which a receiver knows us: HMAC-SHA256 over `timestamp.body` with the endpoint's own secret."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime

HEADER = "Sufrah-Signature"
PREFIX = "whsec_"


def new_secret() -> str:
    return PREFIX + secrets.token_urlsafe(32)


def signature(secret: str, body: bytes, at: datetime) -> str:
    """The header's value: `t=<seconds since 1970>,v1=<hex>`."""
    seconds = int(at.timestamp())
    digest = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"
