"""Kinds of admin pages, for all rooms: rows that are only read, rows that are noted, rows that verbs save."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.auth.models import User
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin as UnfoldAdmin
from unfold.admin import TabularInline as UnfoldTabular
from unfold.decorators import action, display

from bots.admin.showing import left_to_right
from bots.audit import Changes, changes, fields_of, note
from bots.models import Bot, Restaurant

M = TypeVar("M", bound=Model)
P = TypeVar("P", bound=Model)
F = TypeVar("F", bound=Callable[..., Any])
Words = str | Promise

# Admin classes are generic to the type checker alone.
if TYPE_CHECKING:

    class Admin(admin.ModelAdmin[M]):
        pass

    class Tabular(admin.TabularInline[M, P]):
        pass

else:

    class Admin(UnfoldAdmin, Generic[M]):
        list_filter_submit = True
        list_per_page = 50

        def get_changelist_instance(self, request: HttpRequest) -> Any:
            """A year that no calendar has is a wrong address, which Django answers by the list without it. The rows are
            read here, because some lists are not counted before."""
            try:
                page = super().get_changelist_instance(request)
                len(page.result_list)
                return page
            except (OverflowError, ValueError) as error:
                raise IncorrectLookupParameters from error

    class Tabular(UnfoldTabular, Generic[M, P]):
        extra = 0


class _Label(tuple[Any, ...]):
    """`(value, words)`; a row's own page, where there are no colours, shows the words alone."""

    def __str__(self) -> str:
        return str(self[1])


def labelled(description: Words, colours: Mapping[str, str], *, ordering: str) -> Callable[[F], F]:
    """A column of coloured labels; the method returns `(value, words)`, and `colours` goes by value."""

    def decorate(method: F) -> F:
        @wraps(method)
        def shown(page: Any, row: Any) -> _Label:
            return _Label(method(page, row))

        return cast(F, display(description=description, ordering=ordering, label=dict(colours))(shown))

    return decorate


def on_the_page(description: Words, *, permission: str, path: str) -> Callable[[F], F]:
    """A button at the top of a row's page that opens `path` below it."""
    return cast(Callable[[F], F], action(description=description, permissions=[permission], url_path=path))


class SenderFilter(admin.SimpleListFilter):
    """Rows of one sender, for links from its page; seen only where one was followed."""

    title = _("sender")
    parameter_name = "sender"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> list[tuple[str, str]]:
        chosen = request.GET.get(self.parameter_name, "")
        named = Bot.objects.filter(pk=chosen) if chosen.isascii() and chosen.isdigit() and len(chosen) < 10 else ()
        return [(chosen, str(bot)) for bot in named]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not self.lookup_choices:
            return queryset
        return queryset.filter(bot=self.value())


class ReadOnly(Admin[M]):
    """Rows that only the product writes; of some there are too many to count twice."""

    show_full_result_count = False

    @admin.display(description=_("code"))
    def public_code(self, row: Any) -> SafeString | str:
        """The id that the API and the pages of the staff know."""
        return left_to_right(str(row.code))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False


class ReadOnlyTabular(Tabular[M, P]):
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: P | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:  # type: ignore[override]
        return False

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:  # type: ignore[override]
        return False


class _OwnTransactions(admin.ModelAdmin[M] if TYPE_CHECKING else admin.ModelAdmin):  # type: ignore[misc]
    refusals: tuple[type[Exception], ...] = ()

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        try:
            return self._changeform_view(request, object_id, form_url, extra_context)  # type: ignore[no-any-return]
        except self.refusals as refusal:
            # What the form could not know: somebody else was quicker.
            self.message_user(request, f"{refusal} {gettext('Nothing was changed.')}", messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())


if TYPE_CHECKING:

    class ByVerbs(Admin[M]):
        refusals: tuple[type[Exception], ...]

else:

    class ByVerbs(Admin[M], _OwnTransactions):
        """Rows that are saved by verbs: they begin the transaction, so Django must not have begun one. What a verb
        says in one of its `refusals` is shown above the form."""


class MadeOnce(ByVerbs[M]):
    """Rows that are made and ended by verbs, never edited or deleted. `add_fields` are asked, `shown` is seen."""

    show_full_result_count = False
    add_fields: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()

    def get_fields(self, request: HttpRequest, obj: M | None = None) -> Any:
        return self.shown if obj else self.add_fields

    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        """The list, which has the actions, asks without a row."""
        return obj is None and super().has_change_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        one_way = {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().add_view(request, form_url, {**(extra_context or {}), **one_way})


class Noted(Admin[M]):
    """Rows that operators edit freely; every change is in the audit log. `noted` are its fields, `noted_many` those
    that name several rows, and `noted_beside` the fields of the rows that are edited on the same page."""

    noted: tuple[str, ...] = ()
    noted_many: tuple[str, ...] = ()
    noted_beside: Mapping[type[Model], tuple[str, ...]] = {}

    def save_model(self, request: HttpRequest, obj: M, form: forms.ModelForm[M], change: bool) -> None:
        before = fields_of(type(obj)._default_manager.get(pk=obj.pk), self.noted) if change else {}
        super().save_model(request, obj, form, change)
        self._note(request, obj, "changed" if change else "made", before)

    def save_related(self, request: HttpRequest, form: forms.ModelForm[M], formsets: Any, change: bool) -> None:
        before = self._many(form.instance)
        super().save_related(request, form, formsets, change)
        changed = changes(before, self._many(form.instance))
        if changed:
            _note(request, form.instance, "changed", changed)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Each row beside gets a line of its own."""
        names = self.noted_beside.get(formset.model, ())
        chosen = formset.model._default_manager.filter(pk__in=[row.instance.pk for row in formset.initial_forms])
        before = {row.pk: fields_of(row, names) for row in chosen}
        gone = [(row.instance, before[row.instance.pk]) for row in formset.deleted_forms if row.instance.pk in before]
        for row, fields in gone:
            _note(request, row, "deleted", changes(fields, dict.fromkeys(names)))
        super().save_formset(request, form, formset, change)
        for row in formset.new_objects:
            _note(request, row, "made", changes({}, fields_of(row, names)))
        for row, _fields in formset.changed_objects:
            _note(request, row, "changed", changes(before[row.pk], fields_of(row, names)))

    def _many(self, obj: M) -> dict[str, object]:
        return {name: sorted(map(str, getattr(obj, name).all())) for name in self.noted_many}

    def delete_model(self, request: HttpRequest, obj: M) -> None:
        self._note_deleted(request, obj)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[M]) -> None:
        for obj in queryset:
            self._note_deleted(request, obj)
        super().delete_queryset(request, queryset)

    def _note(self, request: HttpRequest, obj: M, what: str, before: dict[str, object]) -> None:
        changed = changes(before, fields_of(obj, self.noted))
        if changed:
            _note(request, obj, what, changed)

    def _note_deleted(self, request: HttpRequest, obj: M) -> None:
        restaurant = None if isinstance(obj, Restaurant) else restaurant_of(obj)
        note(_action(obj, "deleted"), obj, user=_who(request), restaurant=restaurant, changes={})


def _note(request: HttpRequest, obj: Model, what: str, changed: Changes) -> None:
    note(_action(obj, what), obj, user=_who(request), restaurant=restaurant_of(obj), changes=changed)


def _action(obj: Model, what: str) -> str:
    return f"{obj._meta.model_name}.{what}"


def _who(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None


def restaurant_of(obj: Model) -> Restaurant | None:
    found = obj if isinstance(obj, Restaurant) else getattr(obj, "restaurant", None)
    return found if isinstance(found, Restaurant) else None
