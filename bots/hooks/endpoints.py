"""A restaurant names an address, switches it off and on, and lets it go; a delivery is tried again by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Exists, Q
from django.utils.translation import gettext as _

from bots.audit import Changes, note
from bots.hooks.addresses import AddressRefused, target_of
from bots.hooks.claims import OPEN
from bots.hooks.models import HookDelivery, HookEndpoint, HookEvent
from bots.hooks.recording import MOST_TRIES
from bots.hooks.signing import new_secret
from bots.jobs import wake
from bots.models import Restaurant

MOST = 10
OFF_AFTER = timedelta(days=3)
Off = HookEndpoint.Off


class HookRefused(ValueError):
    """In words for people; `field` is the one that is wrong. A conflict may be gone another time."""

    def __init__(self, words: str, field: str = "", *, is_conflict: bool = False) -> None:
        super().__init__(words)
        self.field = field
        self.is_conflict = is_conflict


def checked_url(url: str) -> str:
    """The address as it is stored. Raises HookRefused."""
    try:
        target_of(url.strip())
    except AddressRefused as error:
        raise HookRefused(_reasons()[error.reason], "url") from error
    return url.strip()


def register(
    restaurant: Restaurant, url: str, events: Iterable[str], *, by: User | None, description: str = ""
) -> tuple[HookEndpoint, str]:
    """The new webhook and its secret, which nobody can show again. Raises HookRefused."""
    address, wanted, secret = checked_url(url), _known(events), new_secret()
    row = HookEndpoint(
        restaurant=restaurant, url=address, events=wanted, secret=secret, description=description.strip()
    )
    try:
        with transaction.atomic(durable=True):
            _locked(restaurant.pk)
            if HookEndpoint.objects.filter(restaurant=restaurant).count() >= MOST:
                raise HookRefused(_("A restaurant has at most %(most)d webhooks.") % {"most": MOST}, is_conflict=True)
            row.save(force_insert=True)
            _remember(restaurant.pk)
            note("webhook.made", row, user=by, restaurant=restaurant, changes={"events": [None, wanted]})
    except IntegrityError as error:
        raise HookRefused(_("This address is registered already."), "url", is_conflict=True) from error
    return row, secret


def change(
    endpoint: HookEndpoint,
    *,
    by: User | None,
    at: datetime,
    url: str | None = None,
    events: Iterable[str] | None = None,
    description: str | None = None,
    is_active: bool | None = None,
) -> None:
    """What is None stays. All of it or nothing. A new address begins without the failures of the old one; what waits
    goes there. Raises HookRefused."""
    wanted: dict[str, Any] = {"description": description}
    wanted["url"] = None if url is None else checked_url(url)
    wanted["events"] = None if events is None else _known(events)
    try:
        with transaction.atomic(durable=True):
            _locked(endpoint.restaurant_id)
            _rewrite(endpoint, {name: value for name, value in wanted.items() if value is not None}, by)
            if is_active is not None:
                _switch_on(endpoint, by) if is_active else _switch_off(endpoint, Q(), Off.BY_HAND, by, at)
    except IntegrityError as error:
        raise HookRefused(_("This address is registered already."), "url", is_conflict=True) from error


def remove(endpoint: HookEndpoint, *, by: User | None) -> None:
    """With its deliveries."""
    with transaction.atomic(durable=True):
        _locked(endpoint.restaurant_id)
        note("webhook.removed", endpoint, user=by, restaurant=endpoint.restaurant, changes={})
        HookEndpoint.objects.filter(pk=endpoint.pk).delete()
        _remember(endpoint.restaurant_id)


def switch_on(endpoint: HookEndpoint, *, by: User | None) -> bool:
    """Returns False when it was on. What happened meanwhile is not told; it can be delivered by hand."""
    with transaction.atomic(durable=True):
        _locked(endpoint.restaurant_id)
        return _switch_on(endpoint, by)


def switch_off(endpoint: HookEndpoint, *, by: User | None, at: datetime) -> bool:
    """Returns False when it was off. What waits will not be delivered, unless by hand."""
    return _switched_off(endpoint, Q(), Off.BY_HAND, by, at)


def switch_off_failing(endpoint: HookEndpoint, at: datetime) -> bool:
    """If nothing but failures came back for three days; the audit log says so."""
    return _switched_off(endpoint, Q(failing_since__lte=at - OFF_AFTER), Off.FAILING, None, at)


def redeliver(delivery: HookDelivery, *, by: User | None, at: datetime) -> None:
    """From now on, with all attempts anew. Raises HookRefused while its address is off or it is on its way."""
    with transaction.atomic(durable=True):
        settled = HookDelivery.objects.filter(pk=delivery.pk, endpoint__is_active=True).exclude(status__in=OPEN)
        waits = {"status": HookDelivery.Status.WAITING, "due_at": at, "tries_left": MOST_TRIES}
        if not settled.update(**waits):
            raise HookRefused(_("Its webhook is off, or it is on its way already."), is_conflict=True)
        restaurant = delivery.endpoint.restaurant
        note("webhook.redelivered", delivery, user=by, restaurant=restaurant, changes={})
        wake("deliver_hooks", endpoint_id=delivery.endpoint_id)


def _rewrite(endpoint: HookEndpoint, wanted: Mapping[str, Any], by: User | None) -> None:
    row = HookEndpoint.objects.get(pk=endpoint.pk)
    changes: Changes = {name: [getattr(row, name), to] for name, to in wanted.items() if getattr(row, name) != to}
    if not changes:
        return
    anew: dict[str, Any] = {"failing_since": None} if "url" in changes else {}
    HookEndpoint.objects.filter(pk=row.pk).update(**{name: to for name, (_was, to) in changes.items()}, **anew)
    note("webhook.changed", row, user=by, restaurant=endpoint.restaurant, changes=changes)


def _switch_on(endpoint: HookEndpoint, by: User | None) -> bool:
    was_off = HookEndpoint.objects.filter(pk=endpoint.pk, is_active=False)
    if not was_off.update(is_active=True, off_reason="", switched_off_at=None, failing_since=None):
        return False
    _remember(endpoint.restaurant_id)
    note("webhook.switched_on", endpoint, user=by, restaurant=endpoint.restaurant, changes={})
    return True


def _switched_off(endpoint: HookEndpoint, only: Q, reason: Off, by: User | None, at: datetime) -> bool:
    with transaction.atomic(durable=True):
        _locked(endpoint.restaurant_id)
        return _switch_off(endpoint, only, reason, by, at)


def _switch_off(endpoint: HookEndpoint, only: Q, reason: Off, by: User | None, at: datetime) -> bool:
    on = HookEndpoint.objects.filter(only, pk=endpoint.pk, is_active=True)
    if not on.update(is_active=False, off_reason=reason, switched_off_at=at):
        return False
    waiting = HookDelivery.objects.filter(endpoint=endpoint, status__in=OPEN)
    waiting.update(status=HookDelivery.Status.FAILED)
    _remember(endpoint.restaurant_id)
    why: dict[str, list[object]] = {"why": ["", reason.value]}
    note("webhook.switched_off", endpoint, user=by, restaurant=endpoint.restaurant, changes=why)
    return True


def _locked(restaurant_id: int) -> None:
    """One change of a restaurant's webhooks at a time."""
    list(Restaurant.objects.select_for_update(no_key=True).filter(pk=restaurant_id).values_list("pk"))


def _remember(restaurant_id: int) -> None:
    """On the restaurant's own row, which whoever announces has at hand, whether anybody listens."""
    listening = HookEndpoint.objects.filter(restaurant_id=restaurant_id, is_active=True)
    Restaurant.objects.filter(pk=restaurant_id).update(has_hooks=Exists(listening))


def _known(events: Iterable[str]) -> list[str]:
    wanted = set(events)
    if not wanted or not wanted <= set(HookEvent.values):
        raise HookRefused(
            _("Choose one event or more of: %(names)s.") % {"names": ", ".join(HookEvent.values)}, "events"
        )
    return [name for name in HookEvent.values if name in wanted]


def _reasons() -> dict[str, str]:
    return {
        "form": _("This is no web address."),
        "scheme": _("The address must begin with https://."),
        "credentials": _("The address must not carry a user name or a password."),
        "port": _("Only the ports 443 and 8443 are used."),
        "host": _("The address needs a full host name."),
        "private": _("This address is not on the public internet."),
    }
