"""Words of the staff's pages in templates."""

from __future__ import annotations

from datetime import date, datetime

from django import template
from django.utils import timezone

from bots import words

register = template.Library()
register.filter("person", words.person)
register.filter("number", words.number)


@register.filter
def moment(at: datetime) -> str:
    return words.moment(at, timezone.now())


@register.filter
def day(of: date) -> str:
    return words.day(of, timezone.localdate())
