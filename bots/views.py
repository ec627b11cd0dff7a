"""Sign-in, the way in, and the restaurant on the screen."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView, redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render, resolve_url
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from bots.access import restaurant_for
from bots.desk import Desk, desk_of
from bots.models import Restaurant
from bots.words import zone

P = ParamSpec("P")
CHOSEN = "restaurant"


class DeskRequest(HttpRequest):
    """The request of somebody who is signed in and works for a restaurant."""

    user: User
    htmx: HtmxDetails
    desk: Desk


def at_desk(
    view: Callable[Concatenate[DeskRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """For pages of the staff: others are led to the sign-in or home. What such pages show is kept nowhere."""

    @wraps(view)
    @never_cache
    def inner(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        wanted = cast(DeskRequest, request)
        if not request.user.is_authenticated:
            return _to_login(wanted)
        desk = desk_of(request.user, request.session.get(CHOSEN))
        if desk is None:
            return _elsewhere(wanted, resolve_url("home"))
        wanted.desk = desk
        return view(wanted, *args, **kwargs)

    return inner


def _to_login(request: DeskRequest) -> HttpResponseBase:
    """Back to the page that was open, not to a fragment of it and not to an address that only takes posts."""
    page = request.htmx.current_url_abs_path if request.htmx else request.get_full_path()
    if request.method != "GET" and not request.htmx:
        page = resolve_url("home")
    return _elsewhere(request, redirect_to_login(page or resolve_url("home")).url)


def _elsewhere(request: DeskRequest, url: str) -> HttpResponseBase:
    return HttpResponseClientRedirect(url) if request.htmx else redirect(url)


def render_at_desk(
    request: DeskRequest, template: str, context: dict[str, object] | None = None, *, status: int = 200
) -> HttpResponse:
    """A page with the restaurant's own time of day."""
    with timezone.override(zone(request.desk.restaurant.timezone)):
        return render(request, template, context, status=status)


def choose(request: DeskRequest, restaurant: Restaurant) -> None:
    """From here on this restaurant is on the screen."""
    if request.desk.restaurant != restaurant:
        request.desk = request.desk.moved_to(restaurant)
        request.session[CHOSEN] = str(restaurant.code)


class SignInForm(AuthenticationForm):
    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": _("The user name or the password is wrong. Capital and small letters matter."),
    }


@method_decorator(never_cache, name="dispatch")
class SignIn(LoginView):
    template_name = "bots/login.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True


@never_cache
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The inbox; for a person who works for no restaurant a page that says what to do."""
    if not request.user.is_authenticated:
        return redirect("login")
    if desk_of(request.user, None) is not None:
        return redirect("conversations:inbox")
    return render(request, "bots/no_restaurant.html")


@require_POST
@at_desk
def switch(request: DeskRequest) -> HttpResponse:
    choose(request, restaurant_for(request.user, request.POST.get("restaurant")))
    return redirect(_safe_next(request) or "conversations:inbox")


def _safe_next(request: HttpRequest) -> str:
    url = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure())
    return url if safe else ""
