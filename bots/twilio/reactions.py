"""The table of error codes: what each means and what to do (from Twilio's error dictionary)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

_TABLE = Path(__file__).with_name("error_reactions.json")


@dataclass(frozen=True, slots=True)
class Reaction:
    """A row of the table. `reaction`: retry, give_up, alert, template, opt_out, fix_request; `scope`: message,
    recipient, sender, tenant, account, us."""

    code: int
    where: str
    meaning: str
    reaction: str
    action: str
    scope: str
    source: str


@lru_cache(maxsize=1)
def _reactions() -> dict[int, Reaction]:
    rows = json.loads(_TABLE.read_text(encoding="utf-8"))["errors"]
    return {row["code"]: Reaction(**row) for row in rows}


def reaction_to(code: str | int) -> Reaction | None:
    """None for a code that the table does not have."""
    text = str(code)
    return _reactions().get(int(text)) if text.isdecimal() else None
