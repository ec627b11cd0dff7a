"""What the provider posted, as it came: enough to check its signature and to record it at any later time. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

Door = Literal["inbound", "status"]


class Unreadable(ValueError):
    """These bytes are no request that was kept."""


@dataclass(frozen=True, slots=True)
class Posted:
    """`path` has the query string as it came, `body` is the raw form, `at` is when it came (aware), `code` is that of
    our message in the address of a status callback."""

    door: Door
    path: str
    signature: str
    body: bytes
    at: datetime
    code: UUID | None = None

    def packed(self) -> bytes:
        """One line of JSON, then the body."""
        head = {
            "door": self.door,
            "path": self.path,
            "signature": self.signature,
            "at": self.at.isoformat(),
            "code": str(self.code) if self.code else None,
        }
        return json.dumps(head).encode() + b"\n" + self.body


def unpacked(packed: bytes) -> Posted:
    """Raises Unreadable."""
    head, _, body = packed.partition(b"\n")
    try:
        said = json.loads(head)
        code = UUID(said["code"]) if said["code"] else None
        door: Door = {"inbound": "inbound", "status": "status"}[said["door"]]  # type: ignore[assignment]
        return Posted(door, said["path"], said["signature"], body, datetime.fromisoformat(said["at"]), code)
    except (KeyError, TypeError, ValueError) as error:
        raise Unreadable("The kept request is damaged") from error
