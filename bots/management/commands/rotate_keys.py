"""After a new key was put first in FIELD_ENCRYPTION_KEYS: every stored secret moves to it."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from bots.rotation import rotate, secrets_to_rotate


class Command(BaseCommand):
    help = (
        "Encrypts all stored secrets with the first key of FIELD_ENCRYPTION_KEYS. "
        "It may be stopped and started again; afterwards the old keys can be removed."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        results: Counter[str] = Counter()
        unreadable: list[str] = []
        for row, result in tqdm(rotate(), total=secrets_to_rotate(), unit="secret", disable=options["verbosity"] == 0):
            results[result] += 1
            if result == "unreadable":
                unreadable.append(str(getattr(row, "code", row)))
        counts = ", ".join(f"{count} {result}" for result, count in results.items())
        self.stdout.write(f"{results.total()} secrets: {counts or 'nothing to do'}.")
        if unreadable:
            raise CommandError(
                f"No key opens the secret of {', '.join(unreadable)}. Add the key it was written with to "
                "FIELD_ENCRYPTION_KEYS and run this again, or set the token anew. Do not remove old keys yet."
            )
