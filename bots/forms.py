"""The forms of operators: a sender's takes every usual spelling of a number, and a token that never comes out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from zoneinfo import available_timezones

from babel.numbers import is_currency
from django import forms
from django.core.validators import RegexValidator
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldAdminURLInputWidget,
    UnfoldBooleanSwitchWidget,
)

from bots.models import ApiToken, Bot, Invitation, Membership, Restaurant
from bots.numbers import InvalidNumber, canonical, for_people
from bots.routing import bot_of

_SHAPES = {
    "account_sid": ("AC", _("An account SID is AC and 32 digits or letters a to f.")),
    "subaccount_sid": ("AC", _("A subaccount SID is AC and 32 digits or letters a to f.")),
    "sender_sid": ("XE", _("A sender SID is XE and 32 digits or letters a to f.")),
}


# Forms are generic to the type checker alone.
if TYPE_CHECKING:
    _SenderForm = forms.ModelForm[Bot]
    _RestaurantForm = forms.ModelForm[Restaurant]
    _TokenForm = forms.ModelForm[ApiToken]
    _InvitationForm = forms.ModelForm[Invitation]
else:
    _SenderForm = _RestaurantForm = _TokenForm = _InvitationForm = forms.ModelForm


class RestaurantForm(_RestaurantForm):
    class Meta:
        model = Restaurant
        fields = ["timezone", "currency"]

    def clean_timezone(self) -> str:
        name: str = self.cleaned_data["timezone"]
        if name not in available_timezones():
            raise forms.ValidationError(_("This is no time zone. One is written like Asia/Riyadh."))
        return name

    def clean_currency(self) -> str:
        code: str = self.cleaned_data["currency"].upper()
        if not is_currency(code, locale="en"):
            raise forms.ValidationError(_("This is no currency. One is written like SAR."))
        return code


class InvitationForm(_InvitationForm):
    """A restaurant that has nobody yet needs an owner first, who then invites the others."""

    class Meta:
        model = Invitation
        fields = ["restaurant", "email", "role"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("role", Membership.Role.OWNER)


class AccountForm(forms.Form):
    """An account whose senders are asked for. The token goes no further than the question."""

    account_sid = forms.CharField(
        label=capfirst(_("account SID")),
        validators=[RegexValidator(r"^AC[0-9a-fA-F]{32}\Z", _SHAPES["account_sid"][1])],
        widget=UnfoldAdminTextInputWidget(attrs={"dir": "ltr", "autocomplete": "off"}),
    )
    auth_token = forms.CharField(
        label=capfirst(_("auth token")),
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "off"}, render_value=False),
        help_text=_("Used once and not kept: it is typed again to register a sender."),
    )


class MoveForm(forms.Form):
    """The restaurant that a sender is handed to: any that is active, but the one that has it."""

    restaurant = forms.ModelChoiceField(
        label=capfirst(_("restaurant")), queryset=Restaurant.objects.none(), widget=UnfoldAdminSelectWidget()
    )

    def __init__(self, bot: Bot, data: Any = None) -> None:
        super().__init__(data)
        others = Restaurant.objects.filter(is_active=True).exclude(pk=bot.restaurant_id)
        cast("forms.ModelChoiceField[Restaurant]", self.fields["restaurant"]).queryset = others


class TokenForm(_TokenForm):
    """A forgotten restaurant must not make an operator's token, so that one is asked for by name."""

    for_operator = forms.BooleanField(
        label=capfirst(_("operator: all restaurants")), required=False, widget=UnfoldBooleanSwitchWidget()
    )

    class Meta:
        model = ApiToken
        fields = ["name", "restaurant", "scope"]

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        restaurant, for_operator = self.cleaned_data.get("restaurant"), self.cleaned_data.get("for_operator")
        if "restaurant" not in self.errors and bool(restaurant) == bool(for_operator):
            self.add_error("restaurant", _("Choose a restaurant, or all of them: one of the two."))
        return cleaned


class SenderForm(_SenderForm):
    restaurant_name = forms.CharField(
        label=capfirst(_("new restaurant")),
        max_length=120,
        required=False,
        widget=UnfoldAdminTextInputWidget(),
        help_text=_("Or choose a restaurant that is here already."),
    )
    whatsapp_number = forms.CharField(
        label=_("WhatsApp number"),
        max_length=40,
        widget=UnfoldAdminTextInputWidget(attrs={"dir": "ltr", "inputmode": "tel", "autocomplete": "off"}),
        help_text=_("In any spelling: +966 50 000 0000, 0500000000, ٠٥٠٠٠٠٠٠٠٠."),
    )
    auth_token = forms.CharField(
        label=capfirst(_("auth token")),
        required=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
    )
    payment_link = forms.URLField(
        label=capfirst(_("payment link")), required=False, assume_scheme="https", widget=UnfoldAdminURLInputWidget()
    )

    class Meta:
        model = Bot
        fields = [
            "name",
            "restaurant",
            "account_sid",
            "subaccount_sid",
            "sender_sid",
            "waba_id",
            "verification_sid",
            "status",
            "is_active",
            "support_contact",
            "payment_link",
            "max_messages_per_min",
            "max_messages_per_day",
            "enforces_limits",
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, (prefix, text) in _SHAPES.items():
            if name in self.fields:
                self.fields[name].validators.append(RegexValidator(rf"^{prefix}[0-9a-fA-F]{{32}}\Z", text))
        self.is_new = self.instance.pk is None
        # A page that is only read has no fields of the model.
        if "name" in self.fields:
            self._prepare()

    def _prepare(self) -> None:
        token = self.fields["auth_token"]
        token.required = self.is_new
        token.help_text = _("Set. Leave this empty to keep it.") if self.instance.auth_token else _("Not set.")
        self.initial["auth_token"] = ""
        if self.is_new:
            self.fields["restaurant"].required = False
            self.initial["enforces_limits"] = True
        else:
            del self.fields["restaurant_name"]
            self.initial["whatsapp_number"] = for_people(self.instance.whatsapp_number)

    def clean_whatsapp_number(self) -> str:
        try:
            number = canonical(self.cleaned_data["whatsapp_number"])
        except InvalidNumber as error:
            raise forms.ValidationError(_("This is no phone number that can be called.")) from error
        other = bot_of(number)
        takes_over = self.is_new and other is not None and other.channel == Bot.Channel.SIMULATOR
        if other is not None and other.pk != self.instance.pk and not takes_over:
            raise forms.ValidationError(_("“%(name)s” already has this number."), params={"name": other.name})
        return number

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        restaurant, name = self.cleaned_data.get("restaurant"), self.cleaned_data.get("restaurant_name")
        if self.is_new and not (restaurant or name) and "restaurant" not in self.errors:
            self.add_error("restaurant_name", _("Name a new restaurant, or choose one."))
        if self.is_new and restaurant and name:
            self.add_error("restaurant_name", _("A new restaurant or one that is here: not both."))
        return cleaned

    def validate_constraints(self) -> None:
        """`clean_whatsapp_number` says it in words, and knows that a demo sender gives its number away."""
