"""How rows look on the operators' pages."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime

NOTHING = "–"
_SECRET = re.compile(r"(?i)token|secret|password|signature|authorization|api_?key")


def pretty(value: object) -> SafeString | str:
    """JSON for people, left to right in every language, without what opens doors."""
    if value in (None, "", {}, []):
        return NOTHING
    text = json.dumps(without_secrets(value), ensure_ascii=False, indent=2, default=str)
    return format_html('<pre dir="ltr" class="whitespace-pre-wrap break-all">{}</pre>', text)


def without_secrets(value: Any) -> Any:
    """The same value; whatever is named like a secret is “hidden”."""
    if isinstance(value, dict):
        return {name: _shown(name, inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [without_secrets(inner) for inner in value]
    return value


def _shown(name: object, value: Any) -> Any:
    return "hidden" if value and _SECRET.search(str(name)) else without_secrets(value)


def moment(at: datetime | None) -> str:
    """Day and hour in the time zone of these pages."""
    return date_format(localtime(at), "DATETIME_FORMAT") if at else NOTHING


def left_to_right(text: str) -> SafeString | str:
    """Numbers and ids keep their order in an Arabic page."""
    return format_html('<bdi dir="ltr" class="whitespace-nowrap">{}</bdi>', text) if text else NOTHING
