"""What staff fill in about themselves and each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm, SetPasswordForm, UserCreationForm
from django.contrib.auth.models import User
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.forms import AuthenticationForm as UnfoldAuthenticationForm
from unfold.widgets import UnfoldAdminTextInputWidget

from bots import second_factor, throttle
from bots.models import Membership

CODE = {"dir": "ltr", "inputmode": "numeric", "autocomplete": "one-time-code"}

# Forms are generic to the type checker alone.
if TYPE_CHECKING:
    _UserCreationForm = UserCreationForm[User]
    _SetPasswordForm = SetPasswordForm[User]
else:
    _UserCreationForm, _SetPasswordForm = UserCreationForm, SetPasswordForm


class WithCode(AuthenticationForm):
    """Asks everybody for the code, and says the same whatever was wrong, so that nobody learns that a guessed password
    was right. Each try is counted, and a locked door asks for no hash. Raises MustWait and TooManyAtOnce."""

    code = forms.CharField(
        label=_("Code from your app, if you use one"),
        help_text=_("Without your phone, type one of your recovery codes."),
        required=False,
        max_length=40,
    )

    def clean(self) -> dict[str, Any]:
        name, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if name is None or not password or self.request is None:
            return super().clean()
        with throttle.signing_in(self.request, name):
            return super().clean()

    def confirm_login_allowed(self, user: User) -> None:
        super().confirm_login_allowed(user)
        given = self.cleaned_data.get("code", "")
        if second_factor.is_on(user) and not second_factor.passes(user, given, at=timezone.now()):
            raise self.get_invalid_login_error()


class OperatorForm(WithCode, UnfoldAuthenticationForm):  # type: ignore[misc]
    error_messages = {
        **UnfoldAuthenticationForm.error_messages,
        "invalid_login": _(
            "The user name, the password or the code is wrong, or this is no operator’s account. Capital and small "
            "letters matter, and a code opens once: wait for the next one."
        ),
    }

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

    def clean_old_password(self) -> str:
        """A session that was left open is no place to guess at the password. Raises MustWait and TooManyAtOnce."""
        with throttle.own_password(self.user):
            return super().clean_old_password()


class NewPasswordForm(_SetPasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _plain(self)


def _plain(form: forms.Form) -> None:
    """Passwords run from left to right in every language; the rules are said once."""
    for field in form.fields.values():
        field.widget.attrs["dir"] = "ltr"
    form.fields["new_password2"].help_text = ""
