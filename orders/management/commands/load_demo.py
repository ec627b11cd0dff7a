"""Two restaurants to try everything with."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from bots.demo import DemoRefused
from orders import demo


class Command(BaseCommand):
    help = "Loads the demo: restaurants, simulated senders, menus and people. What is there already stays as it is."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--yes", action="store_true", help="load it into the server that DATABASE_URL names, too")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.USES_EMBEDDED_DATABASE and not options["yes"]:
            raise CommandError("DATABASE_URL names a server of yours. Say --yes to load the demo into it.")
        try:
            people = demo.load().people
        except DemoRefused as error:
            raise CommandError(str(error)) from error
        self.stdout.write("The demo is loaded. These people can sign in:")
        for login in people:
            self.stdout.write(f"  {login.username:<16} {login.password}   {login.role}")
