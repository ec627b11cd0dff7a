"""Registers a WhatsApp sender, or changes one that is there; run it again as often as you like."""

from __future__ import annotations

import getpass
import json
import os
import re
import sys
from pathlib import Path
from typing import Any, cast

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.http import Http404

from bots.access import any_restaurant
from bots.comparison import addresses
from bots.known import known_senders
from bots.models import Bot
from bots.numbers import InvalidNumber, for_people
from bots.registration import KEPT_TOKENS, Outcome, SenderFields, SenderRefused, ensure
from bots.routing import bot_of

TEXTS = (
    "name",
    "restaurant_name",
    "whatsapp_number",
    "account_sid",
    "subaccount_sid",
    "sender_sid",
    "waba_id",
    "verification_sid",
    "support_contact",
    "payment_link",
)
NUMBERS = ("max_messages_per_min", "max_messages_per_day")
IN_FILES = {*TEXTS, *NUMBERS, "auth_token", "status", "is_active", "known", "restaurant_id"}
# What the API shows beside; a file that was fetched from it may be given back as it is.
SHOWN_ONLY = {"id", "created_at", "updated_at", "verified_at", "error_message", "restaurant"}


class Command(BaseCommand):
    help = "Registers a WhatsApp sender with its restaurant, or changes one. The token is never an argument."

    def add_arguments(self, parser: CommandParser) -> None:
        for name in TEXTS:
            parser.add_argument(_flag(name), dest=name)
        for name in NUMBERS:
            parser.add_argument(_flag(name), dest=name, type=int)
        parser.add_argument("--status", choices=Bot.Status.values)
        parser.add_argument("--off", dest="is_active", action="store_false", default=None, help="the bot stays silent")
        parser.add_argument("--on", dest="is_active", action="store_true", default=None)
        parser.add_argument("--restaurant", dest="restaurant_id", metavar="CODE", help="an existing restaurant")
        parser.add_argument("--known", choices=sorted(known_senders()), help="fill in what is known of this sender")
        parser.add_argument("--from", dest="file", type=Path, help="JSON: one sender or a list, named as in the API")
        parser.add_argument("--auth-token-file", type=Path, help="a file that holds the token alone")
        parser.add_argument("--auth-token-env", metavar="NAME", help="the environment variable that holds the token")

    def handle(self, *args: Any, **options: Any) -> None:
        given = {name: options[name] for name in IN_FILES if options.get(name) is not None}
        senders = _read(options["file"]) if options["file"] else [{}]
        refused = 0
        for number, sender in enumerate(senders, start=1):
            fields = {**sender, **given}
            label = str(fields.get("name") or fields.get("known") or f"Sender {number}")
            try:
                self._report(_ensured(fields, options))
            except (SenderRefused, InvalidNumber, ValidationError, Refused) as error:
                refused += 1
                self.stderr.write(self.style.ERROR(f"{label}: {_in_words(error)} Nothing was changed."))
        if refused:
            raise CommandError(f"{refused} of {len(senders)} could not be registered.")
        self._say_addresses()

    def _report(self, outcome: Outcome) -> None:
        fields = f" ({', '.join(outcome.fields)})" if outcome.fields else ""
        number = for_people(outcome.bot.whatsapp_number)
        self.stdout.write(f"{outcome.bot.name}, {number}: {outcome.what}{fields}. Id {outcome.bot.code}.")

    def _say_addresses(self) -> None:
        self.stdout.write("Set these addresses for the sender at Twilio (method POST):")
        for name, address in addresses().items():
            self.stdout.write(f"  {name:20} {address}")


class Refused(Exception):
    """What was given cannot be used; says why."""


def _ensured(fields: dict[str, Any], options: dict[str, Any]) -> Outcome:
    fields = dict(fields)
    known = _known(fields.pop("known", None))
    code = fields.pop("restaurant_id", None)
    number = str(fields.get("whatsapp_number") or known.get("whatsapp_number", ""))
    bot = bot_of(number)
    is_new = bot is None or bot.channel == Bot.Channel.SIMULATOR
    if code:
        fields["restaurant"] = _restaurant(code)
    fields["auth_token"] = _token(fields.get("auth_token", ""), options, f"{number}: ", asked=is_new)
    fields["whatsapp_number"] = number
    return ensure(cast(SenderFields, fields), cast(SenderFields, known), by=None)


def _known(name: str | None) -> dict[str, str]:
    try:
        return known_senders()[name] if name else {}
    except KeyError as error:
        raise Refused(f"No sender is known as “{name}”.") from error


def _restaurant(code: str) -> Any:
    try:
        return any_restaurant(code)
    except Http404 as error:
        raise Refused(f"There is no restaurant {code}.") from error


def _token(written: str, options: dict[str, Any], label: str, *, asked: bool) -> str:
    """From the file, the environment, the JSON, or a question at the terminal when a new sender needs one."""
    if options["auth_token_file"]:
        return _read_text(options["auth_token_file"]).strip()
    if options["auth_token_env"]:
        return _from_environment(options["auth_token_env"])
    if written in KEPT_TOKENS and asked:
        return _asked(label)
    return written


def _from_environment(name: str) -> str:
    # The variable is named by the caller, so it is no setting of ours.
    token = os.environ.get(name, "").strip()
    if not token:
        raise Refused(f"The environment variable {name} is not set.")
    return token


def _asked(label: str) -> str:
    if sys.stdin.isatty():
        return getpass.getpass(f"{label}auth token (not shown): ").strip()
    return sys.stdin.readline().strip()


def _read(path: Path) -> list[dict[str, Any]]:
    try:
        found = json.loads(_read_text(path))
    except (json.JSONDecodeError, Refused) as error:
        raise CommandError(f"{path}: {error}") from error
    senders = found if isinstance(found, list) else [found]
    if not senders or not all(isinstance(sender, dict) for sender in senders):
        raise CommandError(f"{path}: one sender or a list of senders is expected.")
    return [_named(sender, path) for sender in senders]


def _read_text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"{path} cannot be read.") from error


def _named(sender: dict[str, Any], path: Path) -> dict[str, Any]:
    """The API's names as ours."""
    named = {re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower(): value for name, value in sender.items()}
    unknown = sorted(set(named) - IN_FILES - SHOWN_ONLY)
    if unknown:
        raise CommandError(f"{path}: unknown fields {', '.join(unknown)}.")
    return {
        name: str(value) if name in TEXTS else value
        for name, value in named.items()
        if name in IN_FILES and value is not None
    }


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _in_words(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return " ".join(f"{field}: {' '.join(texts)}" for field, texts in error.message_dict.items())
    return f"{error}".rstrip(".") + "."
