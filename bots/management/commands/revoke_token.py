"""Closes the door that a token opens, from the server."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Q
from django.utils import timezone

from bots.models import ApiToken
from bots.tokens import PREFIX, revoke_token


class Command(BaseCommand):
    help = "Revokes a token of the API, named by what it begins with (sfr_…) or by its number in the admin."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("token", help="the number, or the beginning that the admin and create_token show")

    def handle(self, *args: Any, **options: Any) -> None:
        token = _found(options["token"].rstrip("…"))
        if not revoke_token(token, by=None, at=timezone.now()):
            raise CommandError(f"{token} was revoked before.")
        self.stdout.write(f"{token} opens nothing any more.")


def _found(said: str) -> ApiToken:
    """A whole token is never typed here, where a shell remembers it; its beginning is enough."""
    shown = len(PREFIX) + 6
    if said.startswith(PREFIX) and len(said) != shown:
        raise CommandError(f"Give the first {shown} characters, as the admin shows them. Nothing was revoked.")
    number = Q(pk=int(said)) if said.isascii() and said.isdecimal() and len(said) < 19 else Q(pk=None)
    tokens = list(ApiToken.objects.select_related("restaurant").filter(number | Q(prefix=said)).order_by("pk"))
    if not tokens:
        raise CommandError(f"There is no token {said}. Nothing was revoked.")
    if len(tokens) > 1:
        numbers = ", ".join(str(token.pk) for token in tokens)
        raise CommandError(f"Several tokens begin with {said}: name one by its number, {numbers}. Nothing was revoked.")
    return tokens[0]
