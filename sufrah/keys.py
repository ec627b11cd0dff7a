"""The keys of a laptop: made once, kept in the data folder, readable by their owner alone."""

from __future__ import annotations

import json
import os
import secrets
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from cryptography.fernet import Fernet


@dataclass(frozen=True, slots=True)
class Keys:
    secret_key: str
    field_encryption_key: str


def kept(data_dir: Path) -> Keys:
    """The keys of this data folder, made on the first call. Safe when several processes start at once."""
    path = data_dir / "keys.json"
    if not path.exists():
        _write_once(path, Keys(secrets.token_urlsafe(50), Fernet.generate_key().decode()))
    return Keys(**json.loads(path.read_text()))


def _write_once(path: Path, keys: Keys) -> None:
    """Links a finished file into place: the first process wins, and nobody ever reads half a file."""
    handle, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "w") as file:
        json.dump(asdict(keys), file)
    draft = Path(name)
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
