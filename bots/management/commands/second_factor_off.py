"""For whoever lost the phone and the recovery codes, and for the only operator there is."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from bots.second_factor import switch_off
from bots.staffing import sign_out_everywhere


class Command(BaseCommand):
    help = "Switches somebody's second factor off and ends their sign-ins. Make sure who is asking: it is noted."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the user name")

    def handle(self, *args: Any, **options: Any) -> None:
        person = User.objects.filter(username=options["name"]).first()
        if person is None:
            raise CommandError(f"There is nobody with the user name {options['name']}. Nothing was changed.")
        if not switch_off(person, by=None):
            raise CommandError(f"{person} has no second factor. Nothing was changed.")
        ended = sign_out_everywhere(person, by=None)
        self.stdout.write(f"{person} signs in with the password alone now. Sign-ins ended: {ended}.")
