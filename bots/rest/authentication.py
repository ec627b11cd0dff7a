"""Who calls, what they may do, and for which restaurant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet
from django.http import Http404
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, ErrorDetail, PermissionDenied, Throttled, ValidationError
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from bots.access import any_restaurant, as_code
from bots.audit import speak_as
from bots.lines import note_on_line
from bots.models import Restaurant
from bots.rest.bearers import count_failed, seconds_to_wait
from bots.rest.errors import SENTENCE
from bots.throttle import address_of
from bots.tokens import Bearer, bearer_of

# DRF's views import this module while they are made themselves.
if TYPE_CHECKING:
    from rest_framework.views import APIView

TENANT_HEADER = "X-Restaurant-Id"


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer <token>`. A session never opens the API, so no page can be made to call it.
    No token is looked up for an address that failed too often within this minute, not even a good one: what is asked
    then would tell a guesser which one it is."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, Bearer] | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        address = address_of(request._request)
        if wait := seconds_to_wait(address):
            raise Throttled(wait, "Too many unknown tokens came from this address.")
        bearer = bearer_of(token.strip())
        if bearer is None:
            count_failed(address)
            raise AuthenticationFailed("This token is unknown or revoked")
        note_on_line(token_id=bearer.token_id, restaurant_id=bearer.restaurant_id)
        speak_as(bearer.name)
        return AnonymousUser(), bearer

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="Sufrah"'


def bearer_in(request: Request) -> Bearer:
    return cast(Bearer, request.auth)


class ScopeAllows(BasePermission):
    """Any token may read; one of the scope “write” may change. A method that is not there stays a 405."""

    message: Any = "This token may only read"

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not isinstance(request.auth, Bearer):
            return False
        is_there = hasattr(view, (request.method or "").lower())
        return request.method in SAFE_METHODS or request.auth.may_write or not is_there


class IsOperator(BasePermission):
    message: Any = "This call needs an operator's token"

    def has_permission(self, request: Request, view: APIView) -> bool:
        return isinstance(request.auth, Bearer) and request.auth.is_operator


def restaurant_of(request: Request) -> Restaurant:
    """The tenant of this call. Raises ValidationError, PermissionDenied and Http404."""
    bearer, named = bearer_in(request), request.headers.get(TENANT_HEADER, "").strip()
    if bearer.restaurant is None:
        return _named_by_operator(named)
    if named and not _is(bearer.restaurant, named):
        raise PermissionDenied("This token belongs to another restaurant")
    if not bearer.restaurant.is_active:
        raise PermissionDenied("This restaurant is not active")
    return bearer.restaurant


def restaurants_for(request: Request) -> QuerySet[Restaurant]:
    """Those that this call may speak for: as `restaurant_of`, and all for an operator's that names none."""
    if bearer_in(request).is_operator and not request.headers.get(TENANT_HEADER, "").strip():
        return Restaurant.objects.all()
    return Restaurant.objects.filter(pk=restaurant_of(request).pk)


def _named_by_operator(code: str) -> Restaurant:
    if not code:
        needed = ErrorDetail(f"An operator's token needs the header {TENANT_HEADER}", code=SENTENCE)
        raise ValidationError({TENANT_HEADER: [needed]})
    return any_restaurant(code)


def _is(restaurant: Restaurant, code: str) -> bool:
    try:
        return as_code(code) == restaurant.code
    except Http404:
        return False
