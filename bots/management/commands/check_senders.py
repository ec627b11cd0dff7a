"""Asks Twilio about all senders; ends with 1 when something is wrong."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import QuerySet
from tqdm import tqdm

from bots.models import Bot
from bots.numbers import for_people
from bots.registration import SenderRefused
from bots.verification import health, set_webhooks


class Command(BaseCommand):
    help = "Compares what Twilio has of each sender with what we expect. Exit code 1 when something is wrong."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--set-webhooks", action="store_true", help="tell Twilio our addresses first")

    def handle(self, *args: Any, **options: Any) -> None:
        senders = _senders()
        count = senders.count()
        # Listed at the end, so that the bar is not torn.
        told = [
            (bot, _wrong(bot, options["set_webhooks"]))
            for bot in tqdm(senders, total=count, unit="sender", disable=options["verbosity"] == 0)
        ]
        for bot, wrong in told:
            words = self.style.ERROR(" ".join(wrong)) if wrong else "as expected."
            self.stdout.write(f"{bot.name}, {for_people(bot.whatsapp_number)}: {words}")
        failed = sum(bool(wrong) for _, wrong in told)
        if failed:
            raise CommandError(f"{failed} of {count} senders need attention. What to do: docs/operators.md.")
        self.stdout.write(f"{count} senders checked.")


def _senders() -> QuerySet[Bot]:
    live = Bot.objects.filter(retired_at__isnull=True, channel=Bot.Channel.TWILIO)
    return live.select_related("restaurant").order_by("name", "pk")


def _wrong(bot: Bot, sets_webhooks: bool) -> list[str]:
    try:
        if sets_webhooks:
            set_webhooks(bot, by=None)
        return [str(line) for line in health(bot) if line.is_wrong]
    except SenderRefused as error:
        return [str(error)]
