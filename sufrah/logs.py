"""Log lines that may be shown to anybody: ids stay, phones, texts and tokens go.

PostgreSQL quotes the values of a refused row in its errors (the DETAIL and CONTEXT lines), so tracebacks are cleaned
as well.
"""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime

_RULES = (
    (re.compile(r"^(\s*(?:DETAIL|CONTEXT|LINE \d+|PARAMETERS)\s*:).*$", re.MULTILINE), r"\1 hidden"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}"), r"\1 hidden"),
    (re.compile(r"(?i)((?:auth_?token|password|secret|api_?key)[\"']?\s*[:=]\s*[\"']?)[^\s\"',}]+"), r"\1hidden"),
    (re.compile(r"(/(?:join|new-password)/)[^\s\"'?]+"), r"\1hidden"),
    (re.compile(r"(?<![0-9A-Za-z])\+?\d(?:[\s-]?\d){7,14}(?![0-9A-Za-z])"), "[number]"),
    (re.compile(r"\bgAAAA[\w=-]{20,}"), "[encrypted]"),
)
_OURS = ("restaurant_id", "conversation_id", "message_id", "bot_id", "order_id", "job_id", "error_code", "step")


def clean(text: str) -> str:
    """The text without what identifies a person or opens a door."""
    for pattern, instead in _RULES:
        text = pattern.sub(instead, text)
    return text


def _ids(record: logging.LogRecord) -> dict[str, object]:
    return {name: record.__dict__[name] for name in _OURS if name in record.__dict__}


class PlainLines(logging.Formatter):
    """For a person at a terminal."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s", "%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        ids = " ".join(f"{name}={value}" for name, value in _ids(record).items())
        return clean(super().format(record)) + (f" [{ids}]" if ids else "")


class JsonLines(logging.Formatter):
    """For a log store: one JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": clean(record.getMessage()),
            **_ids(record),
        }
        if record.exc_info:
            line["traceback"] = clean(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False, default=str)
