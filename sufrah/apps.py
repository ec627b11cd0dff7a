from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SufrahConfig(AppConfig):
    name = "sufrah"
    verbose_name = _("Sufrah")
