"""Words that every page of the staff uses: people, customers, times."""

from __future__ import annotations

from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.contrib.auth.models import User
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from bots.numbers import for_people


def zone(name: str) -> tzinfo:
    """The time zone of this name; an unknown one must not close the inbox, so it gives way to the house's own."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return timezone.get_default_timezone()


def person(user: User | None) -> str:
    """The full name, or else the user name; empty for nobody."""
    return (user.get_full_name() or user.get_username()) if user else ""


def number(phone: str | None) -> str:
    """A customer's number as people write it; a hidden one is said to be hidden."""
    return for_people(phone) if phone else _("hidden number")


def moment(at: datetime, now: datetime) -> str:
    """In the time zone of the page: the hour today, the weekday within a week, else the date."""
    local, today = timezone.localtime(at), timezone.localdate(now)
    if local.date() == today:
        return date_format(local, "H:i")
    if local.date() == today - timedelta(days=1):
        return _("Yesterday")
    return date_format(local, "l" if today - local.date() < timedelta(days=7) else "j M Y")


def day(of: date, today: date) -> str:
    """What stands between the messages of two days."""
    if of == today:
        return _("Today")
    if of == today - timedelta(days=1):
        return _("Yesterday")
    return date_format(of, "l j F" if of.year == today.year else "j F Y")


def map_of(latitude: Decimal | None, longitude: Decimal | None) -> str:
    """A page of OpenStreetMap with a pin; empty for no place. Degrees (WGS 84)."""
    if latitude is None or longitude is None:
        return ""
    pin = f"mlat={latitude:.6f}&mlon={longitude:.6f}"
    return f"https://www.openstreetmap.org/?{pin}#map=17/{latitude:.6f}/{longitude:.6f}"
