"""What the catalogue must hold before customers can order."""

from __future__ import annotations

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from bots.needs import Need
from orders.models import Branch, Item


def _item(restaurant: OuterRef) -> Exists:
    return Exists(Item.objects.filter(restaurant=restaurant, is_available=True, category__is_active=True))


def _branch(restaurant: OuterRef) -> Exists:
    return Exists(Branch.objects.filter(restaurant=restaurant, is_active=True))


MENU = Need(
    "menu", _("Its menu has nothing that can be ordered."), _("Add an item to the menu"), "admin:orders_item_add", _item
)
BRANCH = Need("branch", _("It has no branch that is open."), _("Add a branch"), "admin:orders_branch_add", _branch)
