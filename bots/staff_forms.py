"""What staff fill in about themselves and each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm, SetPasswordForm, UserCreationForm
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_login_failed
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.forms import AuthenticationForm as UnfoldAuthenticationForm
from unfold.widgets import UnfoldAdminTextInputWidget

from bots import second_factor
from bots.models import Membership

CODE = {"dir": "ltr", "inputmode": "numeric", "autocomplete": "one-time-code"}

# Forms are generic to the type checker alone.
if TYPE_CHECKING:
    _UserCreationForm = UserCreationForm[User]
    _SetPasswordForm = SetPasswordForm[User]
else:
    _UserCreationForm, _SetPasswordForm = UserCreationForm, SetPasswordForm


class WithCode(AuthenticationForm):
    """Asks everybody for the code, so that a guessed password does not tell who has one."""

    code = forms.CharField(label=_("Code from your app, if you use one"), required=False, max_length=12)

    def confirm_login_allowed(self, user: User) -> None:
        super().confirm_login_allowed(user)
        given = self.cleaned_data.get("code", "")
        if not second_factor.is_on(user) or second_factor.passes(user, given, at=timezone.now()):
            return
        # The throttle counts a wrong code like a wrong password.
        user_login_failed.send(__name__, credentials={"username": user.get_username()}, request=self.request)
        raise forms.ValidationError(
            _("The code is missing, wrong or was used already. Wait for the next one."), code="wrong_code"
        )


class OperatorForm(WithCode, UnfoldAuthenticationForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget = UnfoldAdminTextInputWidget(attrs=CODE)


class InviteForm(forms.Form):
    email = forms.EmailField(
        label=_("E-mail address"), max_length=254, widget=forms.EmailInput(attrs={"dir": "ltr", "autocomplete": "off"})
    )
    role = forms.ChoiceField(label=_("Role"), choices=Membership.Role.choices, initial=Membership.Role.AGENT)


class JoinForm(_UserCreationForm):
    class Meta:
        model = User
        fields = ["first_name", "username"]
        labels = {"first_name": _("Your name, as colleagues see it"), "username": _("User name, to sign in with")}
        help_texts = {"username": ""}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["first_name"].required = True
        for name in ("password1", "password2"):
            self.fields[name].widget.attrs["dir"] = "ltr"
        self.fields["password2"].help_text = ""
        self.fields["username"].widget.attrs |= {"dir": "auto", "spellcheck": "false", "autofocus": False}


class OwnPasswordForm(PasswordChangeForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["old_password"].widget.attrs["autofocus"] = False
        _plain(self)


class NewPasswordForm(_SetPasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _plain(self)


def _plain(form: forms.Form) -> None:
    """Passwords run from left to right in every language; the rules are said once."""
    for field in form.fields.values():
        field.widget.attrs["dir"] = "ltr"
    form.fields["new_password2"].help_text = ""
