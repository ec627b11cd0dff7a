"""Twilio's part in the tests: posts forms to our doors, signed with the sender's own token."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from twilio.request_validator import RequestValidator

from bots.models import Bot
from tests.world import fresh_sid

FIXTURES = Path(__file__).parent / "twilio" / "fixtures"
FORM = "application/x-www-form-urlencoded"


def fixture_named(name: str) -> dict[str, str]:
    """One payload as Twilio sends it."""
    loaded: dict[str, str] = json.loads((FIXTURES / f"{name}.json").read_text())
    return loaded


def text_from(customer: str, bot: Bot, body: str, sid: str = "", **more: str) -> dict[str, str]:
    """A customer's text, as Twilio posts it. `customer` is an address without its prefix."""
    sid = sid or fresh_sid()
    return {
        "MessageSid": sid,
        "SmsMessageSid": sid,
        "AccountSid": bot.account_sid,
        "From": f"whatsapp:{customer}",
        "To": f"whatsapp:{bot.whatsapp_number}",
        "Body": body,
        "NumMedia": "0",
        "NumSegments": "1",
        "SmsStatus": "received",
        "ApiVersion": "2010-04-01",
        "MessageType": "text",
        "ProfileName": "أحمد",
        **more,
    }


def signature(path: str, params: dict[str, str], token: str) -> str:
    signed: str = RequestValidator(token).compute_signature(settings.PUBLIC_BASE_URL + path, params)
    return signed


def post(
    params: dict[str, str], token: str, path: str = "/whatsapp/webhook", client: Client | None = None
) -> HttpResponse:
    """Signs and posts to a door of ours; returns its answer."""
    answer: HttpResponse = (client or Client()).post(  # type: ignore[assignment]
        path,
        urlencode(params),
        content_type=FORM,
        headers={"X-Twilio-Signature": signature(path, params, token)},
    )
    return answer
