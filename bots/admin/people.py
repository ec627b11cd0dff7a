"""Restaurants and the people who work for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from bots.admin.kinds import Admin, Noted, Tabular, on_the_page
from bots.forms import RestaurantForm
from bots.models import Membership, Restaurant
from bots.second_factor import switch_off
from bots.staffing import sign_out_everywhere

# Admin classes are generic to the type checker alone.
if TYPE_CHECKING:
    _UserAdmin = DjangoUserAdmin[User]
else:
    _UserAdmin = DjangoUserAdmin

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


@admin.register(Restaurant)
class RestaurantAdmin(Noted[Restaurant]):
    form = RestaurantForm
    list_display = ["__str__", "name", "phone", "currency", "language", "is_active", "created_at"]
    list_filter = ["is_active", "language", "currency"]
    search_fields = ["name", "name_ar", "phone"]
    readonly_fields = ["code", "created_at", "updated_at"]
    inlines = [StaffInline]
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
    noted = ("user", "restaurant", "role")


@admin.register(User)
class UserAdmin(_UserAdmin, Noted[User]):
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    inlines = [WorksForInline]
    add_fieldsets = ((None, {"fields": ("username", "first_name", "last_name", "email", "password1", "password2")}),)
    list_display = ["username", "first_name", "last_name", "email", "is_active", "is_staff"]
    noted = ("username", "first_name", "last_name", "email", "is_active", "is_staff", "is_superuser")
    actions = ["sign_out", "end_second_factor"]

    @admin.action(description=_("Sign out everywhere"), permissions=["change"])
    def sign_out(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        by = cast(User, request.user)
        ended = sum(sign_out_everywhere(person, by=by) for person in queryset)
        text = ngettext("%(count)d sign-in was ended.", "%(count)d sign-ins were ended.", ended)
        self.message_user(request, text % {"count": ended})

    @admin.action(description=_("Switch the second factor off"), permissions=["change"])
    def end_second_factor(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """For somebody whose phone is lost."""
        by = cast(User, request.user)
        count = sum(switch_off(person, by=by) for person in queryset)
        text = ngettext("Switched off for %(count)d person.", "Switched off for %(count)d people.", count)
        self.message_user(request, text % {"count": count})


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, Admin[Group]):
    pass
