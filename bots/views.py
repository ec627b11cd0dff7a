"""Sign-in, the way in, the restaurant on the screen, and who works there."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast
from uuid import UUID

from django.contrib.auth import login
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView, redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from bots import passwords, staffing
from bots.access import invitation_by, invitation_in, key_of, member_in, open_invitations, restaurant_for
from bots.desk import Desk, desk_of
from bots.models import Invitation, Membership, Restaurant
from bots.passwords import PasswordRefused
from bots.staff_forms import InviteForm, JoinForm, WithCode
from bots.staffing import StaffingRefused
from bots.words import zone

P = ParamSpec("P")
CHOSEN = NAMED = "restaurant"
NAMED_BY_HTMX = "Sufrah-Restaurant"


class DeskRequest(HttpRequest):
    """The request of somebody who is signed in and works for a restaurant."""

    user: User
    htmx: HtmxDetails
    desk: Desk
    is_named: bool


def at_desk(
    view: Callable[Concatenate[DeskRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """For pages of the staff: others are led to the sign-in or home. What such pages show is kept nowhere.

    The restaurant is the one that the page names of which the request came. Where none is named, a page shows the one
    chosen last; only `switch` and `join`, which are posts, choose. One that is not theirs is 404."""

    @wraps(view)
    @never_cache
    def inner(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        wanted = cast(DeskRequest, request)
        if not request.user.is_authenticated:
            return _to_login(wanted)
        desk = desk_of(request.user, request.session.get(CHOSEN))
        if desk is None:
            return _elsewhere(wanted, resolve_url("home"))
        named = _named(request)
        wanted.is_named = bool(named)
        wanted.desk = desk.at(*named) if named else desk
        return view(wanted, *args, **kwargs)

    return inner


def _named(request: HttpRequest) -> set[str]:
    """The code in the form, in the address, or sent along by htmx. Raises Http404 when they disagree."""
    said = (request.POST.get(NAMED), request.GET.get(NAMED), request.headers.get(NAMED_BY_HTMX))
    named = {code for code in said if code}
    if len(named) > 1:
        raise Http404
    return named


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


def show_at(request: DeskRequest, restaurant: Restaurant) -> None:
    """The page is about a row of this restaurant. Raises Http404 when it was asked for from another one's page."""
    if request.is_named and request.desk.restaurant != restaurant:
        raise Http404
    request.desk = request.desk.moved_to(restaurant)


def back_to(request: DeskRequest, place: str, *args: object) -> HttpResponse:
    """To this page, of the same restaurant."""
    return redirect(resolve_url(place, *args) + request.desk.query)


class SignInForm(WithCode):
    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": _(
            "The user name, the password or the code is wrong. Capital and small letters matter, and a code opens "
            "once: wait for the next one."
        ),
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
    """From here on this restaurant is on the screen where none is named."""
    request.desk = request.desk.moved_to(restaurant_for(request.user, request.POST.get(NAMED)))
    request.session[CHOSEN] = str(request.desk.restaurant.code)
    address = _safe_next(request)
    return redirect(address) if address else back_to(request, "conversations:inbox")


def for_team(
    view: Callable[Concatenate[DeskRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Owners change the team, managers see it, for everybody else it is not there. A form says whose team it is."""

    @at_desk
    @wraps(view)
    def inner(request: DeskRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if request.method == "POST" and request.desk.has_several and not request.is_named:
            raise Http404
        if not (request.desk.is_owners or (request.method in {"GET", "HEAD"} and request.desk.sees_team)):
            raise Http404
        return view(request, *args, **kwargs)

    return inner


@require_safe
@for_team
def team(request: DeskRequest) -> HttpResponse:
    return _team(request, InviteForm())


@require_POST
@for_team
def invite_staff(request: DeskRequest) -> HttpResponse:
    """The answer to this post is the only page that shows the link."""
    form = InviteForm(request.POST)
    if not form.is_valid():
        return _team(request, form, status=422)
    wanted = form.cleaned_data
    try:
        made = staffing.invite(
            request.desk.restaurant, wanted["email"], wanted["role"], by=request.user, at=timezone.now()
        )
    except StaffingRefused as refusal:
        form.add_error("email", str(refusal))
        return _team(request, form, status=422)
    link = request.build_absolute_uri(resolve_url("join", key_of(made)))
    return _team(request, InviteForm(), made=made, link=link)


@require_POST
@for_team
def withdraw_invitation(request: DeskRequest, code: UUID) -> HttpResponse:
    at = timezone.now()
    staffing.withdraw(invitation_in(request.desk.restaurant, code, at), by=request.user, at=at)
    return back_to(request, "team")


@require_POST
@for_team
def change_role(request: DeskRequest, code: UUID) -> HttpResponse:
    member, role = member_in(request.desk.restaurant, code), request.POST.get("role")
    if role not in Membership.Role.values:
        return _team(request, InviteForm(), refusal=gettext("Choose a role from the list."), status=422)
    try:
        staffing.change_role(member, role, by=request.user)
    except StaffingRefused as refusal:
        return _team(request, InviteForm(), refusal=str(refusal), status=422)
    return back_to(request, "team")


@require_POST
@for_team
def password_link(request: DeskRequest, code: UUID) -> HttpResponse:
    """For somebody who has forgotten theirs. The answer to this post is the only page that shows the link."""
    member = member_in(request.desk.restaurant, code)
    try:
        place = passwords.password_link(member, by=request.user)
    except PasswordRefused as refusal:
        return _team(request, InviteForm(), refusal=str(refusal), status=422)
    link = request.build_absolute_uri(reverse("new_password", kwargs=place))
    return _team(request, InviteForm(), link_for=member.user, link=link)


@require_POST
@for_team
def remove_staff(request: DeskRequest, code: UUID) -> HttpResponse:
    member = member_in(request.desk.restaurant, code)
    try:
        if request.POST.get("sure") == "yes":
            staffing.remove(member, by=request.user)
    except StaffingRefused as refusal:
        return _team(request, InviteForm(), refusal=str(refusal), status=422)
    return redirect("home") if member.user_id == request.user.pk else back_to(request, "team")


def _team(request: DeskRequest, form: InviteForm, *, status: int = 200, **more: object) -> HttpResponse:
    restaurant = request.desk.restaurant
    context = {
        "members": restaurant.memberships.select_related("user").order_by("created_at", "pk"),
        "invitations": open_invitations(timezone.now()).filter(restaurant=restaurant),
        "roles": Membership.Role.choices,
        "form": form,
        **more,
    }
    return render_at_desk(request, "bots/team.html", context, status=status)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, key: str) -> HttpResponse:
    """For a new person with a name and a password of their own, or for somebody who is signed in already."""
    invitation = invitation_by(key, timezone.now())
    is_known = request.user.is_authenticated
    form = JoinForm(request.POST or None, instance=User(email=invitation.email))
    refusal = ""
    if request.method == "POST" and (is_known or form.is_valid()):
        person = cast(User, request.user) if is_known else form.save(commit=False)
        try:
            staffing.join(invitation, person, at=timezone.now())
        except StaffingRefused as error:
            refusal = str(error)
        else:
            return _welcomed(request, person, invitation)
    context = {"invitation": invitation, "form": None if is_known else form, "refusal": refusal}
    return render(request, "bots/join.html", context, status=422 if request.method == "POST" else 200)


def _welcomed(request: HttpRequest, person: User, invitation: Invitation) -> HttpResponse:
    if not request.user.is_authenticated:
        login(request, person, backend="django.contrib.auth.backends.ModelBackend")
    request.session[CHOSEN] = str(invitation.restaurant.code)
    return redirect("home")


def _safe_next(request: HttpRequest) -> str:
    url = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure())
    return url if safe else ""
