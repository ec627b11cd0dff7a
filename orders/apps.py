from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OrdersConfig(AppConfig):
    name = "orders"
    verbose_name = _("Orders")

    def ready(self) -> None:
        from bots.needs import register
        from orders.selling import BRANCH, MENU

        register(MENU)
        register(BRANCH)
