"""Signatures by which a receiver knows us, with the endpoint's own secret: those of Standard Webhooks
(github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md), and the older one of ours beside them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from datetime import UTC, datetime

from standardwebhooks.webhooks import Webhook

HEADER = "Sufrah-Signature"
PREFIX = "whsec_"


def new_secret() -> str:
    """`whsec_` and 32 random bytes in base64, as Standard Webhooks has it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def standard_headers(secret: str, code: str, body: bytes, at: datetime) -> dict[str, str]:
    """`webhook-id`, `webhook-timestamp` (seconds since 1970) and `webhook-signature` (`v1,<base64>`)."""
    now = at.astimezone(UTC)  # the library takes the numbers as they stand
    return {
        "webhook-id": code,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(_key_of(secret)).sign(code, now, body.decode()),
    }


def signature(secret: str, body: bytes, at: datetime) -> str:
    """The value of the older header: `t=<seconds since 1970>,v1=<hex>`, over `timestamp.body`."""
    seconds = int(at.timestamp())
    digest = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"


def _key_of(secret: str) -> bytes:
    """Older secrets are in the URL's alphabet and without padding; one that is neither is its own key."""
    text = secret.removeprefix(PREFIX).translate(str.maketrans("-_", "+/"))
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True) or secret.encode()
    except binascii.Error:
        return secret.encode()
