"""The form of every line in the log, whoever writes it: ours, Django's, a library's, gunicorn's.

All of them go through the standard library's loggers and one formatter of structlog, which adds the ids that are bound
to the request, cleans each text (`redaction.py`), and writes JSON for a log store or a readable line for a person.
What may stand on a line beside its event is named in `_OURS`: ids and figures, never what somebody said.
"""

from __future__ import annotations

import json
import logging
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any

from structlog.contextvars import merge_contextvars
from structlog.processors import format_exc_info
from structlog.stdlib import ExtraAdder, ProcessorFormatter

from sufrah.redaction import clean

Line = MutableMapping[str, Any]

_IDS = (
    *("restaurant_id", "conversation_id", "message_id", "bot_id", "order_id", "job_id", "hook_id"),
    *("user_id", "token_id", "request_id"),
)
_FIGURES = ("method", "route", "status", "ms", "refused", "attempt", "error_code", "provider_sid", "step")
_START = ("runs", "env", "version", "database", "redis", "public", "threads", "concurrency")
_OURS = (*_FIGURES, *_IDS, *_START)


class PlainLines(ProcessorFormatter):
    """For a person at a terminal."""

    def __init__(self) -> None:
        super().__init__(foreign_pre_chain=_GATHERED, processors=[format_exc_info, _clean_line, _plain])


class JsonLines(ProcessorFormatter):
    """For a log store: one JSON object a line, `{at, level, logger, event, …}`."""

    def __init__(self) -> None:
        super().__init__(foreign_pre_chain=_GATHERED, processors=[format_exc_info, _clean_line, _json])


_GATHERED = (merge_contextvars, ExtraAdder(_OURS))


def _clean_line(_logger: object, _level: str, line: Line) -> Line:
    """Every text that may come from outside; figures cannot tell anything."""
    for name, value in line.items():
        if name not in _CLEAN_ALREADY and not isinstance(value, int | float | None):
            line[name] = clean(str(value))
    return line


_ABOUT_THE_RECORD = {"_record", "_from_structlog"}
# A route is written in the code; a request's id was looked at when it came in.
_CLEAN_ALREADY = {*_ABOUT_THE_RECORD, "route", "request_id"}


def _json(_logger: object, _level: str, line: Line) -> str:
    record, event, more = _parted(line)
    traceback = {"traceback": more.pop("exception")} if "exception" in more else {}
    at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    head = {"at": at, "level": record.levelname, "logger": record.name, "event": event}
    return json.dumps({**head, **more, **traceback}, ensure_ascii=False)


def _plain(_logger: object, _level: str, line: Line) -> str:
    record, event, more = _parted(line)
    traceback = f"\n{more.pop('exception')}" if "exception" in more else ""
    at = datetime.fromtimestamp(record.created, UTC).astimezone().strftime("%H:%M:%S")
    known = " ".join(f"{name}={value}" for name, value in more.items())
    return f"{at} {record.levelname} {record.name}: {event}{traceback}" + (f" [{known}]" if known else "")


def _parted(line: Line) -> tuple[logging.LogRecord, str, dict[str, Any]]:
    more = {name: value for name, value in line.items() if name not in _ABOUT_THE_RECORD}
    return line["_record"], more.pop("event"), more
