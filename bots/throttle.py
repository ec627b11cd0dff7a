"""Who fails too often at a sign-in is asked to wait. django-axes counts; here is who knocks, and what they read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from ipaddress import ip_address
from math import ceil

from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

_LONGEST_NAME = 150


def address_of(request: HttpRequest) -> str | None:
    """The visitor's IP address as the outermost of our own proxies (TRUSTED_PROXIES) saw it, else the peer's. What
    stands further left in X-Forwarded-For the visitor may have written. None when there is no address at all."""
    hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
    trusted = settings.TRUSTED_PROXIES
    seen = hops[-trusted] if 0 < trusted <= len(hops) else ""
    return _clean(seen) or _clean(request.META.get("REMOTE_ADDR", ""))


def _clean(text: str) -> str | None:
    try:
        return str(ip_address(text.partition("%")[0]))
    except ValueError:
        return None


def name_tried(request: HttpRequest, credentials: Mapping[str, str] | None = None) -> str:
    """The user name as it is counted: no longer than one can be."""
    return ((credentials or {}).get("username") or request.POST.get("username", ""))[:_LONGEST_NAME]


def asked_to_wait(request: HttpRequest, *_: object) -> HttpResponse:
    """429 with the time that is left, in words and as Retry-After."""
    left = _left(request)
    context = {"minutes": max(1, ceil(left / timedelta(minutes=1)))}
    response = render(request, "bots/wait.html", context, status=429)
    response.headers["Retry-After"] = str(max(1, ceil(left.total_seconds())))
    response.headers["Cache-Control"] = "no-store"
    return response


def _left(request: HttpRequest) -> timedelta:
    # The middleware does not hand the credentials on under ASGI, but they stand in the request.
    credentials = getattr(request, "axes_credentials", None)
    tries = AccessAttempt.objects.filter(username=name_tried(request, credentials), ip_address=address_of(request))
    last = tries.aggregate(last=Max("attempt_time"))["last"] or timezone.now()
    pause: timedelta = settings.AXES_COOLOFF_TIME
    return last + pause - timezone.now()
