"""Jobs, in the words of operators. Rows are the truth and jobs only wake-ups: nothing has to be repaired here."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.utils import utcnow

from bots.admin.kinds import ReadOnly, labelled
from bots.admin.showing import left_to_right, moment, pretty

_STATES = {
    "todo": _("waiting"),
    "doing": _("running"),
    "succeeded": _("done"),
    "failed": _("failed"),
    "cancelled": _("cancelled"),
    "aborted": _("aborted"),
}
_COLOURS = {"todo": "info", "doing": "warning", "succeeded": "success", "failed": "danger"}

admin.site.unregister(ProcrastinateJob)


class JobStateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[ProcrastinateJob]) -> list[tuple[str, Any]]:
        return list(_STATES.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[ProcrastinateJob]) -> QuerySet[ProcrastinateJob]:
        return queryset.filter(status=self.value()) if self.value() in _STATES else queryset


@admin.register(ProcrastinateJob)
class JobAdmin(ReadOnly[ProcrastinateJob]):
    list_display = ["number", "task", "state", "due", "tries", "about"]
    list_filter = [JobStateFilter]
    search_fields = ["task_name"]
    ordering = ["-id"]
    fields = ["number", "task", "state", "due", "tries", "about"]
    readonly_fields = ["number", "task", "state", "due", "tries", "about"]
    actions = ["try_again"]

    @admin.display(description=_("number"), ordering="id")
    def number(self, job: ProcrastinateJob) -> int:
        return job.id

    @admin.display(description=_("task"), ordering="task_name")
    def task(self, job: ProcrastinateJob) -> SafeString | str:
        return left_to_right(job.task_name)

    @labelled(_("state"), _COLOURS, ordering="status")
    def state(self, job: ProcrastinateJob) -> tuple[str, str]:
        return job.status, str(_STATES.get(job.status, job.status))

    @admin.display(description=_("not before"), ordering="scheduled_at")
    def due(self, job: ProcrastinateJob) -> str:
        return moment(job.scheduled_at)

    @admin.display(description=_("tries"), ordering="attempts")
    def tries(self, job: ProcrastinateJob) -> int:
        return job.attempts

    @admin.display(description=_("what about"))
    def about(self, job: ProcrastinateJob) -> SafeString | str:
        return pretty(job.args)

    @admin.action(description=_("Try again"), permissions=["try_again"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[ProcrastinateJob]) -> None:
        failed = list(queryset.filter(status="failed"))
        for job in failed:
            app.job_manager.retry_job_by_id(job.id, utcnow(), job.priority, job.queue_name, job.lock)
        text = ngettext("%(count)d job waits again.", "%(count)d jobs wait again.", len(failed))
        self.message_user(request, text % {"count": len(failed)})

    def has_try_again_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("procrastinate.change_procrastinatejob")
