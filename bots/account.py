"""One's own account: signing out everywhere, and the second factor."""

from __future__ import annotations

from typing import cast

import segno
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from bots import second_factor, staffing
from bots.models import SecondFactor


@never_cache
@require_safe
@login_required
def account(request: HttpRequest) -> HttpResponse:
    return _account(request)


@never_cache
@require_POST
@login_required
def sign_out_everywhere(request: HttpRequest) -> HttpResponse:
    if request.POST.get("sure") != "yes":
        return redirect("account")
    person = cast(User, request.user)
    staffing.sign_out_everywhere(person, by=person)
    logout(request)
    return redirect("login")


@never_cache
@require_POST
@login_required
def begin_second_factor(request: HttpRequest) -> HttpResponse:
    """The answer to this post is the only page that shows the key, until a code from it is given."""
    if request.POST.get("sure") != "yes":
        return redirect("account")
    try:
        address = second_factor.begin(cast(User, request.user))
    except second_factor.AlreadyOn:
        return redirect("account")
    return _account(request, address=address)


@never_cache
@require_POST
@login_required
def confirm_second_factor(request: HttpRequest) -> HttpResponse:
    person = cast(User, request.user)
    try:
        address = second_factor.address_of(person)
    except SecondFactor.DoesNotExist:
        return redirect("account")
    if second_factor.confirm(person, request.POST.get("code", ""), at=timezone.now()):
        return redirect("account")
    return _refused(request, address)


@never_cache
@require_POST
@login_required
def end_second_factor(request: HttpRequest) -> HttpResponse:
    """A code is asked for, so that a phone left on the table is not enough."""
    person = cast(User, request.user)
    if not second_factor.passes(person, request.POST.get("code", ""), at=timezone.now()):
        return _refused(request)
    second_factor.switch_off(person, by=person)
    return redirect("account")


def _refused(request: HttpRequest, address: str = "") -> HttpResponse:
    refusal = gettext("This code is not right, or there were too many. Wait for the next one.")
    return _account(request, status=422, address=address, refusal=refusal)


def _account(request: HttpRequest, *, status: int = 200, address: str = "", refusal: str = "") -> HttpResponse:
    picture = segno.make(address).svg_inline(scale=5, light="white") if address else ""
    is_on = second_factor.is_on(cast(User, request.user))
    context = {"is_on": is_on, "address": address, "picture": picture, "refusal": refusal}
    return render(request, "bots/account.html", context, status=status)
