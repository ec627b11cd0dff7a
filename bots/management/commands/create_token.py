"""Makes a key for another system and shows it this one time."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.http import Http404

from bots.access import any_restaurant
from bots.models import ApiToken, Restaurant
from bots.tokens import create_token


class Command(BaseCommand):
    help = "Makes a token for the API: of one restaurant, or of an operator. It is shown once and stored as a digest."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--name", required=True, help="who will use it, to find it again")
        whose = parser.add_mutually_exclusive_group(required=True)
        whose.add_argument("--restaurant", metavar="CODE", help="the id of the restaurant that it speaks for")
        whose.add_argument("--operator", action="store_true", help="speaks for every restaurant, and for the senders")
        parser.add_argument("--scope", choices=ApiToken.Scope.values, default=ApiToken.Scope.READ)

    def handle(self, *args: Any, **options: Any) -> None:
        restaurant = None if options["operator"] else _restaurant(options["restaurant"])
        try:
            token, plain = create_token(options["name"], restaurant, options["scope"])
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stderr.write(f"{token}, {token.get_scope_display()}. Keep it now: it cannot be shown again.")
        self.stdout.write(plain)


def _restaurant(code: str) -> Restaurant:
    try:
        return any_restaurant(code)
    except Http404 as error:
        raise CommandError(f"There is no restaurant {code}.") from error
