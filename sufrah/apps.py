from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _
from procrastinate.contrib.django.apps import ProcrastinateConfig


class SufrahConfig(AppConfig):
    name = "sufrah"
    verbose_name = _("Sufrah")


class JobsConfig(ProcrastinateConfig):
    """The engine of the jobs, under names that operators read in their own language."""

    verbose_name = _("Background work")

    def ready(self) -> None:
        super().ready()
        job = self.get_model("ProcrastinateJob")._meta
        job.verbose_name, job.verbose_name_plural = _("job"), _("jobs")
