"""Pages of lists: `limit` and `offset`, and cursors that cost the same on every page."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

from django.db.models import Model, Q, QuerySet
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from bots.rest.fields import Query

M = TypeVar("M", bound=Model)
LIMIT, OFFSET = 200, 10_000
Place = tuple[Any, ...]


class Number(serializers.IntegerField):
    """A whole number in an address: ASCII digits, nothing around them."""

    def to_internal_value(self, data: Any) -> int:
        if not re.fullmatch(r"-?[0-9]{1,9}", str(data)):
            self.fail("invalid")
        return int(data)


class Cursor(serializers.RegexField):
    """The id of a row, or what a Link header gave: visible ASCII."""

    def __init__(self, **options: Any) -> None:
        given = {"required": False, "allow_blank": True, "max_length": 120, "trim_whitespace": False, **options}
        super().__init__(r"^[!-~]+\Z", **given)


class PageQuery(Query):
    """The parameters of every list."""

    default_limit: ClassVar[int] = 50

    limit = Number(required=False, min_value=1, max_value=LIMIT, help_text=f"How many, 1 to {LIMIT}.")
    offset = Number(
        required=False,
        min_value=0,
        max_value=OFFSET,
        help_text=f"How many to leave out, at most {OFFSET}; beyond that use the cursors.",
    )
    before = Cursor(help_text="What comes before this place in time: older rows.")
    after = Cursor(help_text="What comes after this place in time: newer rows.")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What part of a list is asked for."""

    limit: int
    offset: int = 0
    before: str = ""
    after: str = ""


def wanted(query: PageQuery) -> Wanted:
    """Of a query that is valid."""
    fields = query.validated_data
    limit = fields.get("limit", query.default_limit)
    return Wanted(limit, fields.get("offset", 0), fields.get("before", ""), fields.get("after", ""))


class NoSuchPlace(ValueError):
    """This cursor names no row of the list."""


@dataclass(frozen=True, slots=True)
class Order(Generic[M]):
    """Rows in time: `fields` oldest first, the last of them unique. `place_of` reads a cursor among the tenant's
    rows, or raises NoSuchPlace; `cursor_of` writes one."""

    fields: tuple[str, ...]
    place_of: Callable[[QuerySet[M], str], Place]
    cursor_of: Callable[[M], str]


@dataclass(frozen=True, slots=True)
class Found(Generic[M]):
    """`rows` newest first unless turned round; `following` is the parameter with which the next page is asked for."""

    rows: Sequence[M]
    following: tuple[str, str] | None

    def oldest_first(self) -> Found[M]:
        return Found(self.rows[::-1], self.following)


def page_of(rows: QuerySet[M], page: Wanted, order: Order[M], *, among: QuerySet[M]) -> Found[M]:
    """`among` are the rows that a cursor may name, of which `rows` may be a choice. With both cursors what
    lies between. Raises NotFound."""
    is_upward = bool(page.after and not page.before)
    for name, cursor in (("before", page.before), ("after", page.after)):
        if cursor:
            rows = rows.filter(_beyond(order.fields, _place(order, among, name, cursor), name))
    sign = "" if is_upward else "-"
    ordered = rows.order_by(*(f"{sign}{field}" for field in order.fields))
    found = list(ordered[page.offset : page.offset + page.limit + 1])
    kept = found[: page.limit]
    following = ("after" if is_upward else "before", order.cursor_of(kept[-1])) if len(found) > page.limit else None
    return Found(kept[::-1] if is_upward else kept, following)


def next_link(request: Request, found: Found[Any]) -> str | None:
    """The address of the next page, with everything else as it was asked."""
    if found.following is None:
        return None
    query = request.query_params.copy()
    query.pop("offset", None)
    name, cursor = found.following
    query[name] = cursor
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")


def _place(order: Order[M], among: QuerySet[M], name: str, cursor: str) -> Place:
    try:
        return order.place_of(among, cursor)
    except NoSuchPlace as error:
        raise NotFound(f"There is no such place in this list: {name}") from error


def _beyond(fields: tuple[str, ...], place: Place, name: str) -> Q:
    """Strictly before or after the place, field by field; the first comparison alone lets an index find the start."""
    side = {"before": "lt", "after": "gt"}[name]
    beyond, same = Q(), Q()
    for field, value in zip(fields, place, strict=True):
        beyond |= same & Q(**{f"{field}__{side}": value})
        same &= Q(**{field: value})
    return Q(**{f"{fields[0]}__{side}e": place[0]}) & beyond


def as_uuid(text: str) -> UUID:
    """Raises NoSuchPlace."""
    try:
        return UUID(text)
    except ValueError as error:
        raise NoSuchPlace from error


def _by(*fields: str) -> Order[Any]:
    """Cursors are the codes of rows."""

    def place_of(among: QuerySet[Any], code: str) -> Place:
        place = among.filter(code=as_uuid(code)).values_list(*fields).first()
        if place is None:
            raise NoSuchPlace
        return tuple(place)

    return Order(fields, place_of, lambda row: str(row.code))


# Where ids are given behind a lock, with the moment of `created_at` beside them; elsewhere a later row may have been
# begun earlier, and what is shown as the time is the order.
BY_ID = _by("id")
BY_TIME = _by("created_at", "id")
