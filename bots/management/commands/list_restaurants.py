"""The restaurants with the codes that other commands and the API ask for."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.paginator import EmptyPage, Paginator
from django.db.models import Count, Q

from bots.models import Restaurant


class Command(BaseCommand):
    help = "Lists restaurants by name: code, name, whether it is active, and how many senders it has."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--search", default="", help="a part of a name, in either language, or of a phone number")
        parser.add_argument("--page", type=int, default=1)
        parser.add_argument("--limit", type=int, default=50, help="restaurants on a page, 1 to 500 (50)")

    def handle(self, *args: Any, **options: Any) -> None:
        if not 1 <= options["limit"] <= 500:
            raise CommandError("--limit is between 1 and 500.")
        pages = Paginator(_restaurants(options["search"].strip()), options["limit"])
        try:
            page = pages.page(options["page"])
        except EmptyPage as error:
            raise CommandError(f"There is no page {options['page']}; the last one is {pages.num_pages}.") from error
        for row in page:
            state = "active" if row.is_active else "off   "
            self.stdout.write(f"{row.code}  {state}  senders {row.senders:>3}  {row.name}{_arabic(row)}")
        self.stderr.write(f"{pages.count} restaurants, page {page.number} of {pages.num_pages}.")


def _restaurants(wanted: str) -> Any:
    named = Q(name__icontains=wanted) | Q(name_ar__icontains=wanted) | Q(phone__icontains=wanted)
    kept = Count("bots", filter=Q(bots__retired_at__isnull=True))
    return Restaurant.objects.filter(named).annotate(senders=kept).order_by("name", "pk")


def _arabic(row: Restaurant) -> str:
    return f" · {row.name_ar}" if row.name_ar else ""
