"""What a request was about, for its line in the log."""

from __future__ import annotations

from structlog.contextvars import bind_contextvars, get_contextvars


def note_on_line(**known: object) -> None:
    """Stands on the line of the request that lasts, and on all lines until it ends. Outside of a request nothing is
    noted: what is bound there would stand on the lines of whatever comes next."""
    if "request_id" in get_contextvars():
        bind_contextvars(**{name: value for name, value in known.items() if value is not None})
