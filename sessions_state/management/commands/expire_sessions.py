"""`manage.py expire_sessions`: what the sweep does every two seconds, by hand."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone
from tqdm import tqdm

from sessions_state import quiet


class Command(BaseCommand):
    help = "Starts the talk afresh wherever the customer has been silent past the deadline. Stop and start at will."

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        total = quiet.due(now)
        done = 0
        with tqdm(total=total, unit="session", disable=None) as bar:
            for _ in quiet.expire_due(now, most=max(total, 1)):
                done += 1
                bar.update()
        self.stdout.write(f"{done} sessions started afresh.")
