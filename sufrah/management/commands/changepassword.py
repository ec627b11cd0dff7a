"""Django's own command, noted in the audit log."""

from __future__ import annotations

import getpass
from typing import Any, cast

from django.contrib.auth.management.commands.changepassword import Command as DjangosCommand
from django.contrib.auth.models import User

from bots.passwords import note_made_by_command


class Command(DjangosCommand):
    def handle(self, *args: Any, **options: Any) -> str:
        options["username"] = options["username"] or getpass.getuser()
        said = super().handle(*args, **options)
        person = User.objects.get_by_natural_key(options["username"])
        note_made_by_command("user.password_set", person, command="changepassword")
        return cast(str, said)
