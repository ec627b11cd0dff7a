"""Said at start, before the first call goes astray."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004

from bots.twilio.client import is_allowed_base


@register(Tags.security)
def check_base_url(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """bots.E001 and bots.W001: where Twilio's calls go, credentials and customers' numbers with them."""
    base = settings.TWILIO_API_BASE_URL
    if not base:
        return []
    if not is_allowed_base(base):
        return [
            Error(
                "TWILIO_API_BASE_URL would send credentials and customers' messages to a stranger.",
                hint="Leave it empty, or name an address on this machine or https to twilio.com.",
                id="bots.E001",
            )
        ]
    if settings.IS_PRODUCTION and not base.startswith("https://"):
        return [
            Warning(
                "TWILIO_API_BASE_URL points at a stand-in for Twilio: no customer gets a message.",
                hint="Leave it empty in production.",
                id="bots.W001",
            )
        ]
    return []
