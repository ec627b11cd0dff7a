"""What a restaurant needs before customers can order. Rooms above say theirs by `register`, and are not imported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar, cast

from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from bots.models import Bot

M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class Need:
    """`lack` says what is missing, `step` what to do, and `place` is the admin page for it, which takes `?restaurant=`.
    `is_met` asks for a restaurant named by the row around it."""

    name: str
    lack: Promise
    step: Promise
    place: str
    is_met: Callable[[OuterRef], Exists]


def _sender_on(restaurant: OuterRef) -> Exists:
    return Exists(Bot.objects.filter(restaurant=restaurant, is_active=True, retired_at__isnull=True))


SENDER = Need("sender", _("It has no sender that is on."), _("Register a sender"), "admin:bots_bot_add", _sender_on)
_needs: list[Need] = [SENDER]


def register(need: Need) -> None:
    """Once, when the room is made ready."""
    if need.name not in {known.name for known in _needs}:
        _needs.append(need)


def known() -> tuple[Need, ...]:
    return tuple(_needs)


def with_needs(rows: QuerySet[M], restaurant: str = "pk") -> QuerySet[M]:
    """With `has_<name>` for each need, and `cannot_sell`, in the same query. `restaurant` names where a row has its
    restaurant's id."""
    asked = {f"has_{need.name}": need.is_met(OuterRef(restaurant)) for need in _needs}
    lacking = Q()
    for condition in asked.values():
        lacking |= ~Q(condition)
    return cast("QuerySet[M]", rows.annotate(**asked, cannot_sell=lacking))


def lacks_of(row: Model) -> list[Need]:
    """Of a row that was asked `with_needs`."""
    return [need for need in _needs if not getattr(row, f"has_{need.name}", True)]
