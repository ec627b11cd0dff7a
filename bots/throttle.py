"""Who fails too often at a sign-in is asked to wait: who knocks, how often each may, and what they read meanwhile."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil

from django.conf import settings
from django.contrib.auth.models import User
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render, resolve_url
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.deprecation import MiddlewareMixin

from bots.sign_in.hashing import TooManyAtOnce, refuse_when_full
from bots.sign_in.tries import Count, MustWait, counted

KNOWN = "known_device"
_KNOWN_FOR = timedelta(days=180)
_KNOWN_NAMES = 8
_MORE = 4  # names and addresses are shared, so they may miss this many times as often
_FIRST_PAUSE, _DAY = timedelta(minutes=1), timedelta(days=1)
_BUSY_SECONDS = 3


class PatientDoors(MiddlewareMixin):
    """Says who must wait, and why, whichever door they knocked at; and lets a device be known again."""

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, MustWait):
            return _asked_to_wait(request, error.left)
        if isinstance(error, TooManyAtOnce):
            return _wait(request, {}, status=503, seconds=_BUSY_SECONDS)
        return None

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        known = getattr(request, KNOWN, None)
        if known:
            response.set_cookie(
                KNOWN, known, _KNOWN_FOR, httponly=True, secure=settings.SESSION_COOKIE_SECURE, samesite="Lax"
            )
        return response


def address_of(request: HttpRequest) -> str | None:
    """The visitor's, as `address_seen`."""
    return address_seen(request.META.get("HTTP_X_FORWARDED_FOR", ""), request.META.get("REMOTE_ADDR", ""))


def address_seen(forwarded_for: str, peer: str) -> str | None:
    """The IP address as the outermost of our own proxies (TRUSTED_PROXIES) saw it, else the peer's. What stands
    further left in X-Forwarded-For the visitor may have written. None when there is no address at all."""
    hops = [hop.strip() for hop in forwarded_for.split(",")]
    trusted = settings.TRUSTED_PROXIES
    seen = hops[-trusted] if 0 < trusted <= len(hops) else ""
    return _clean(seen) or _clean(peer)


def neighbourhood_of(address: str) -> str:
    """What one visitor can change at will: an IPv6 address within its /64 (RFC 6177), an IPv4 address not at all."""
    ip = ip_address(address)
    if isinstance(ip, IPv6Address):
        return str(ip.ipv4_mapped or ip_network(f"{ip}/64", strict=False))
    return str(ip)


def _clean(text: str) -> str | None:
    try:
        return str(ip_address(text.partition("%")[0]))
    except ValueError:
        return None


@contextmanager
def signing_in(request: HttpRequest, name: str) -> Iterator[None]:
    """What happens inside is a sign-in under this name. Raises MustWait and TooManyAtOnce. A device that came in under
    the name before has a count of its own, so that nobody who guesses elsewhere keeps the person out."""
    refuse_when_full()
    names, device = _known(request)
    mark = _mark(name)
    with counted(_device(mark, device) if mark in names else _anybody(request, name), at=timezone.now()):
        yield
    kept = [mark, *(known for known in names if known != mark)][:_KNOWN_NAMES]
    setattr(request, KNOWN, signing.dumps([device, kept], salt=KNOWN))


def own_password(person: User) -> AbstractContextManager[None]:
    """What happens inside is a try of the old password, by whoever sits before an open session. Raises MustWait."""
    return counted([_few("own password", str(person.pk))], at=timezone.now())


def _device(mark: str, device: str) -> list[Count]:
    return [_few("device", f"{device} {mark}")]


def _anybody(request: HttpRequest, name: str) -> list[Count]:
    tries, longest = settings.SIGN_IN_TRIES * _MORE, _pause()
    address = address_of(request)
    place = neighbourhood_of(address) if address else ""
    counts = [
        _few("name and address", f"{place} {name}"),
        Count("name", name, tries, min(_FIRST_PAUSE, longest), longest, _DAY, is_cleared=False),
    ]
    if place:
        counts.append(Count("address", place, tries, longest, longest, longest, is_cleared=False))
    return counts


def _few(kind: str, who: str) -> Count:
    return Count(kind, who, settings.SIGN_IN_TRIES, _pause(), _pause(), _pause())


def _pause() -> timedelta:
    return timedelta(minutes=settings.SIGN_IN_MINUTES)


def _known(request: HttpRequest) -> tuple[list[str], str]:
    """The marks of the names that came in on this device, and its own name, which is new where there was none."""
    try:
        device, names = signing.loads(request.COOKIES.get(KNOWN, ""), salt=KNOWN, max_age=_KNOWN_FOR)
    except signing.BadSignature:
        return [], secrets.token_urlsafe(12)
    return names, device


def _mark(name: str) -> str:
    return salted_hmac(KNOWN, name, algorithm="sha256").hexdigest()[:24]


def _asked_to_wait(request: HttpRequest, left: timedelta) -> HttpResponse:
    """429 with the time that is left, in words and as Retry-After."""
    context: dict[str, object] = {"minutes": max(1, ceil(left / timedelta(minutes=1)))}
    return _wait(request, context, status=429, seconds=max(1, ceil(left.total_seconds())))


def _wait(request: HttpRequest, context: dict[str, object], *, status: int, seconds: int) -> HttpResponse:
    place = resolve_url("account") if request.user.is_authenticated else request.path
    response = render(request, "bots/wait.html", {**context, "back": place}, status=status)
    response.headers["Retry-After"] = str(seconds)
    response.headers["Cache-Control"] = "no-store"
    return response
