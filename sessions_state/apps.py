from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SessionsStateConfig(AppConfig):
    name = "sessions_state"
    verbose_name = _("Sessions")
