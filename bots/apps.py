from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BotsConfig(AppConfig):
    name = "bots"
    verbose_name = _("Senders")

    def ready(self) -> None:
        from bots import checks  # noqa: F401
        from bots.twilio import checks as twilio_checks  # noqa: F401
