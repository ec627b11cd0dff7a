"""Telling an outage of the database, which is waited for, from a fault, which is not."""

from __future__ import annotations

import psycopg

# What a server says that goes down, comes up, is full, or lets nobody in (PostgreSQL, appendix A). What it says of a
# deadlock or a cancelled statement is no outage, though psycopg files both under OperationalError.
_SAID_BY_ONE_THAT_IS_AWAY = ("08", "28", "3D", "53", "57P", "25006")


def is_outage(error: BaseException) -> bool:
    """Whether the database, rather than the one who asked it, caused this error. What other libraries made of the
    driver's error is looked through by its causes."""
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, psycopg.Error):
            return _is_of_the_connection(found)
        found = found.__cause__
    return False


def _is_of_the_connection(error: psycopg.Error) -> bool:
    if error.sqlstate is None:
        return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    return error.sqlstate.startswith(_SAID_BY_ONE_THAT_IS_AWAY)
