"""Django's own command, noted in the audit log."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.management.commands.createsuperuser import Command as DjangosCommand
from django.contrib.auth.models import User

from bots.passwords import note_made_by_command


class Command(DjangosCommand):
    def handle(self, *args: Any, **options: Any) -> None:
        known = set(User.objects.filter(is_superuser=True).values_list("pk", flat=True))
        super().handle(*args, **options)
        for person in User.objects.filter(is_superuser=True).exclude(pk__in=known):
            note_made_by_command("user.made", person, command="createsuperuser")
