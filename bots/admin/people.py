"""Restaurants and the people who work for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from bots.access import may_change_account
from bots.admin.at_twilio import who
from bots.admin.kinds import Noted, Tabular, labelled, on_the_page
from bots.forms import RestaurantForm
from bots.models import Membership, Restaurant
from bots.needs import lacks_of, with_needs
from bots.passwords import set_password_of
from bots.second_factor import switch_off
from bots.staffing import sign_out_everywhere

# Admin classes are generic to the type checker alone.
if TYPE_CHECKING:
    _UserAdmin = DjangoUserAdmin[User]
else:
    _UserAdmin = DjangoUserAdmin

RIGHTS = ("is_staff", "is_superuser", "groups", "user_permissions")
MEMBERSHIP = ("user", "restaurant", "role")

admin.site.unregister(User)
admin.site.unregister(Group)


class StaffInline(Tabular[Membership, Restaurant]):
    model = Membership
    fields = ["user", "role"]
    autocomplete_fields = ["user"]
    verbose_name = _("member of staff")
    verbose_name_plural = _("staff")


class WorksForInline(Tabular[Membership, User]):
    model = Membership
    fields = ["restaurant", "role"]
    autocomplete_fields = ["restaurant"]
    verbose_name = _("restaurant that this person works for")
    verbose_name_plural = _("works for")


class SellsFilter(admin.SimpleListFilter):
    title = _("customers can order")
    parameter_name = "sells"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[Restaurant]) -> list[tuple[str, Any]]:
        return [("yes", _("Yes")), ("no", _("No"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Restaurant]) -> QuerySet[Restaurant]:
        if self.value() not in {"yes", "no"}:
            return queryset
        return queryset.filter(Q(cannot_sell=self.value() == "no"))


class PasswordForm(AdminPasswordChangeForm):  # type: ignore[misc]
    def save(self, commit: bool = True) -> User:
        """By the verb; the page has said who it is that sets it."""
        password = self.cleaned_data["password1"] if self.cleaned_data["set_usable_password"] else None
        set_password_of(self.user, password, by=self.user.changed_by)
        return cast(User, self.user)


@admin.register(Restaurant)
class RestaurantAdmin(Noted[Restaurant]):
    form = RestaurantForm
    change_form_outer_before_template = "admin/bots/restaurant/needs.html"
    list_display = ["__str__", "name", "phone", "sells", "currency", "language", "is_active", "created_at"]
    list_filter = [SellsFilter, "is_active", "language", "currency"]
    search_fields = ["name", "name_ar", "phone"]
    readonly_fields = ["code", "created_at", "updated_at"]
    inlines = [StaffInline]
    noted_beside = {Membership: MEMBERSHIP}
    actions_detail = ["invite"]
    noted = (
        "name",
        "name_ar",
        "phone",
        "timezone",
        "currency",
        "language",
        "support_contact",
        "session_idle_minutes",
        "cart_hours",
        "handoff_hours",
        "minimum_order",
        "is_active",
    )
    fieldsets = [
        (None, {"fields": ["name", "name_ar", "phone", "support_contact", "is_active"]}),
        (_("Orders"), {"fields": ["currency", "minimum_order"]}),
        (_("The talk"), {"fields": ["language", "session_idle_minutes", "cart_hours", "handoff_hours", "timezone"]}),
        (_("Row"), {"fields": ["code", "created_at", "updated_at"], "classes": ["collapse"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Restaurant]:
        return with_needs(super().get_queryset(request))

    @labelled(_("customers can order"), {"no": "danger", "yes": "success"}, ordering="cannot_sell")
    def sells(self, restaurant: Restaurant) -> tuple[str, str]:
        return ("no", gettext("cannot sell")) if lacks_of(restaurant) else ("yes", gettext("can sell"))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        restaurant = self.get_object(request, object_id)
        shown = {"lacks": lacks_of(restaurant) if restaurant else [], "restaurant_pk": object_id}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **shown})

    @on_the_page(_("Invite somebody…"), permission="invite", path="invite")
    def invite(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return redirect(f"{reverse('admin:bots_invitation_add')}?restaurant={object_id}")

    def has_invite_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("bots.add_invitation")


@admin.register(Membership)
class MembershipAdmin(Noted[Membership]):
    list_display = ["user", "restaurant", "role", "created_at"]
    list_select_related = ["user", "restaurant"]
    list_filter = ["role", "restaurant"]
    search_fields = ["user__username", "user__first_name", "user__last_name", "restaurant__name"]
    autocomplete_fields = ["user", "restaurant"]
    noted = MEMBERSHIP


@admin.register(User)
class UserAdmin(_UserAdmin, Noted[User]):
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = PasswordForm
    inlines = [WorksForInline]
    add_fieldsets = ((None, {"fields": ("username", "first_name", "last_name", "email", "password1", "password2")}),)
    list_display = ["username", "first_name", "last_name", "email", "is_active", "is_staff"]
    noted = ("username", "first_name", "last_name", "email", "is_active", "is_staff", "is_superuser")
    noted_many = ("groups", "user_permissions")
    noted_beside = {Membership: MEMBERSHIP}
    actions = ["sign_out", "end_second_factor"]

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Rights are given and taken by superusers alone: whoever could tick a box would soon be one."""
        kept = super().get_readonly_fields(request, obj)
        return kept if request.user.is_superuser else [*kept, *RIGHTS]

    def get_form(self, request: HttpRequest, obj: User | None = None, change: bool = False, **kwargs: Any) -> Any:
        if obj and not self.has_change_permission(request, obj):
            kwargs["form"] = forms.ModelForm  # the theme's own looks for a password to change
        return super().get_form(request, obj, change=change, **kwargs)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        person = super().get_object(request, object_id, from_field)
        if person:
            person.changed_by = request.user  # type: ignore[attr-defined]
        return person

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or may_change_account(request.user, obj))

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or may_change_account(request.user, obj))

    @admin.action(description=_("Sign out everywhere"), permissions=["change"])
    def sign_out(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        ended = sum(sign_out_everywhere(person, by=who(request)) for person in _theirs(request, queryset))
        text = ngettext("%(count)d sign-in was ended.", "%(count)d sign-ins were ended.", ended)
        self.message_user(request, text % {"count": ended})

    @admin.action(description=_("Switch the second factor off"), permissions=["change"])
    def end_second_factor(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """For somebody whose phone is lost."""
        if request.user in queryset:
            words = _("Your own is switched off on your account’s page, with a code. Nothing was changed.")
            self.message_user(request, words, messages.ERROR)
            return
        count = sum(switch_off(person, by=who(request)) for person in _theirs(request, queryset))
        text = ngettext("Switched off for %(count)d person.", "Switched off for %(count)d people.", count)
        self.message_user(request, text % {"count": count})


def _theirs(request: HttpRequest, people: QuerySet[User]) -> list[User]:
    """All of them or none."""
    chosen = list(people)
    if not all(may_change_account(request.user, person) for person in chosen):
        raise PermissionDenied
    return chosen


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, Noted[Group]):
    """A group gives rights, so it is the superusers'."""

    noted = ("name",)
    noted_many = ("permissions",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return bool(request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return bool(request.user.is_superuser)
