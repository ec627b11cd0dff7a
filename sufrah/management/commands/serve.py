"""`manage.py serve`: what `make run` runs."""

from __future__ import annotations

from argparse import ArgumentParser
from contextlib import nullcontext
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from conversations.intake import tender
from core.database.patience import database_within
from core.serving import Serving, told
from orders import demo
from sufrah.asgi import everything
from sufrah.server import PortTaken, WorkerFailed, check_port, serve
from sufrah.starting import tell_start

SETUP_MAY_TAKE = 3600.0


class Command(BaseCommand):
    help = "Prepares the database, loads the demo on a laptop, and serves everything."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
        parser.add_argument("--no-worker", action="store_true", help="serve only; run `manage.py worker` beside it")
        parser.add_argument("--no-setup", action="store_true", help="leave database and demo as they are")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            check_port(options["host"], settings.PORT)
        except PortTaken as error:
            raise CommandError(str(error)) from error
        if not options["no_setup"]:
            with database_within(SETUP_MAY_TAKE):
                self._prepare()
        tell_start("web" if options["no_worker"] else "house")
        tender.start()
        serving = Serving(options["host"], settings.PORT, settings.PUBLIC_BASE_URL)
        try:
            with told(settings.DATA_DIR, serving) if settings.SIMULATOR else nullcontext():
                serve(everything, options["host"], settings.PORT, with_worker=not options["no_worker"])
        except WorkerFailed as error:
            raise CommandError(str(error)) from error
        finally:
            self._stop()

    def _prepare(self) -> None:
        call_command("migrate", verbosity=0, interactive=False)
        self.stdout.write(f"Sufrah listens on http://localhost:{settings.PORT}")
        self.stdout.write("  /            dashboard of a restaurant's staff")
        self.stdout.write("  /admin/      operators")
        if settings.SIMULATOR:
            self.stdout.write("  /simulator/  a phone to try the bot with")
        if settings.USES_EMBEDDED_DATABASE:
            for login in demo.load().people:
                self.stdout.write(f"  {login.username:<16} {login.password}   {login.role}")
        elif settings.SIMULATOR:
            self.stdout.write("  The demo is not loaded into a server of yours by itself: manage.py load_demo --yes")
        self.stdout.write("Ctrl-C stops everything; the data stays.")
        self.stdout.flush()

    def _stop(self) -> None:
        connections.close_all()
        connections["default"].pool.end()  # type: ignore[attr-defined]  # of the house's own backend
        self.stdout.write("Stopped.")
