"""In production operators come in with a second factor, or are led to where it is set up."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext as _

from bots import second_factor

_OPEN = {"login", "logout", "jsi18n"}


class OperatorsGate(MiddlewareMixin):
    def process_view(self, request: HttpRequest, *_view: object) -> HttpResponseBase | None:
        place = request.resolver_match
        if not settings.SECOND_FACTOR_REQUIRED or not place or place.app_name != "admin" or place.url_name in _OPEN:
            return None
        if not request.user.is_authenticated or not request.user.is_staff or second_factor.is_on(request.user):
            return None
        messages.warning(request, _("Operators need a second factor. Set it up here first."))
        return redirect("account")
