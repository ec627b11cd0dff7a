"""One's own account: the password, signing out everywhere, and the second factor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import segno
from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import SetPasswordForm
from django.contrib.auth.models import User
from django.contrib.auth.views import INTERNAL_RESET_SESSION_TOKEN, PasswordResetConfirmView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from bots import passwords, second_factor, staffing
from bots.models import SecondFactor
from bots.staff_forms import NewPasswordForm, OwnPasswordForm


@never_cache
@require_safe
@login_required
def account(request: HttpRequest) -> HttpResponse:
    return _account(request)


@never_cache
@require_POST
@login_required
def change_password(request: HttpRequest) -> HttpResponse:
    """This device stays signed in, others do not."""
    person = cast(User, request.user)
    form = OwnPasswordForm(person, request.POST)
    if not form.is_valid():
        return _account(request, status=422, form=form)
    passwords.change_password(person, form.cleaned_data["new_password1"])
    update_session_auth_hash(request, person)
    messages.success(request, gettext("Your password is changed. Other devices are signed out."))
    return redirect("account")


@method_decorator(never_cache, name="dispatch")
class NewPassword(PasswordResetConfirmView):
    """Behind a link from an owner. The link's secret moves to the session, so that it stays in no address."""

    template_name = "bots/new_password.html"
    form_class = NewPasswordForm
    success_url = reverse_lazy("login")
    maker: User

    def get_user(self, uidb64: str) -> User | None:
        """Asked when the link is opened, and again when it is used."""
        found = passwords.person_and_maker(uidb64)
        if found is None:
            return None
        person, self.maker = found
        return person

    def form_valid(self, form: SetPasswordForm[Any]) -> HttpResponse:
        passwords.change_password(cast(User, self.user), form.cleaned_data["new_password1"], link_of=self.maker)
        del self.request.session[INTERNAL_RESET_SESSION_TOKEN]
        messages.success(self.request, gettext("Your password is changed. Sign in with it."))
        return redirect(str(self.success_url))

    def render_to_response(self, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        asked = 422 if self.request.method == "POST" else 200
        return super().render_to_response(context, status=asked if self.validlink else 404, **kwargs)


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
    """The answer to this post is the only page that shows the recovery codes."""
    person = cast(User, request.user)
    try:
        address = second_factor.address_of(person)
    except SecondFactor.DoesNotExist:
        return redirect("account")
    codes = second_factor.confirm(person, request.POST.get("code", ""), at=timezone.now())
    if not codes:
        return _refused(request, address)
    # Whoever came in elsewhere by the password alone is out.
    staffing.sign_out_everywhere(person, by=person, but=request.session.session_key)
    return _account(request, codes=codes)


@never_cache
@require_POST
@login_required
def new_recovery_codes(request: HttpRequest) -> HttpResponse:
    """The answer to this post is the only page that shows them."""
    person = cast(User, request.user)
    codes = second_factor.new_recovery_codes(person, request.POST.get("code", ""), at=timezone.now())
    return _account(request, codes=codes) if codes else _refused(request)


@never_cache
@require_POST
@login_required
def end_second_factor(request: HttpRequest) -> HttpResponse:
    """A code is asked for, so that a phone left on the table is not enough."""
    if not second_factor.end_own(cast(User, request.user), request.POST.get("code", ""), at=timezone.now()):
        return _refused(request)
    return redirect("account")


def _refused(request: HttpRequest, address: str = "") -> HttpResponse:
    refusal = gettext("This code is not right, or there were too many. Wait for the next one.")
    return _account(request, status=422, address=address, refusal=refusal)


def _account(
    request: HttpRequest,
    *,
    status: int = 200,
    address: str = "",
    codes: Sequence[str] = (),
    refusal: str = "",
    form: OwnPasswordForm | None = None,
) -> HttpResponse:
    person = cast(User, request.user)
    picture = segno.make(address).svg_inline(scale=5, light="white") if address else ""
    context = {"is_on": second_factor.is_on(person), "address": address, "picture": picture, "refusal": refusal}
    context |= {"codes": codes, "recovery": second_factor.recovery_of(person), "form": form or OwnPasswordForm(person)}
    context["key"] = second_factor.key_in(address) if address else ""
    return render(request, "bots/account.html", context, status=status)
