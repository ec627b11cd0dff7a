"""What a restaurant sells, and what was ordered: prices of an order are frozen in its lines."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from bots.moments import DatabaseClock


def _in_their_language(ar: str, en: str) -> str:
    return (ar or en) if get_language() == "ar" else (en or ar)


class Category(models.Model):
    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    restaurant = models.ForeignKey(
        "bots.Restaurant", models.CASCADE, related_name="categories", verbose_name=_("restaurant")
    )
    name_ar = models.CharField(_("name in Arabic"), max_length=120)
    name_en = models.CharField(_("name in English"), max_length=120, blank=True)
    position = models.PositiveIntegerField(_("position"), default=0)
    is_active = models.BooleanField(_("shown"), default=True)

    class Meta:
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return _in_their_language(self.name_ar, self.name_en)


class Item(models.Model):
    """`price` is one piece in the restaurant's currency, tax included."""

    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    restaurant = models.ForeignKey(
        "bots.Restaurant", models.CASCADE, related_name="items", verbose_name=_("restaurant")
    )
    category = models.ForeignKey(Category, models.CASCADE, related_name="items", verbose_name=_("category"))
    name_ar = models.CharField(_("name in Arabic"), max_length=120)
    name_en = models.CharField(_("name in English"), max_length=120, blank=True)
    description_ar = models.CharField(_("description in Arabic"), max_length=400, blank=True)
    description_en = models.CharField(_("description in English"), max_length=400, blank=True)
    price = models.DecimalField(_("price"), max_digits=10, decimal_places=3)
    is_available = models.BooleanField(_("on sale"), default=True)
    position = models.PositiveIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("item")
        verbose_name_plural = _("items")
        ordering = ["position", "id"]
        constraints = [models.CheckConstraint(condition=models.Q(price__gte=0), name="item_price_not_negative")]

    def __str__(self) -> str:
        return _in_their_language(self.name_ar, self.name_en)


class Branch(models.Model):
    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    restaurant = models.ForeignKey(
        "bots.Restaurant", models.CASCADE, related_name="branches", verbose_name=_("restaurant")
    )
    name_ar = models.CharField(_("name in Arabic"), max_length=120)
    name_en = models.CharField(_("name in English"), max_length=120, blank=True)
    address_ar = models.CharField(_("address in Arabic"), max_length=300, blank=True)
    address_en = models.CharField(_("address in English"), max_length=300, blank=True)
    phone = models.CharField(_("phone"), max_length=20, blank=True)
    latitude = models.DecimalField(_("latitude"), max_digits=9, decimal_places=6, null=True, blank=True)
    longitude = models.DecimalField(_("longitude"), max_digits=9, decimal_places=6, null=True, blank=True)
    position = models.PositiveIntegerField(_("position"), default=0)
    is_active = models.BooleanField(_("open for orders"), default=True)

    class Meta:
        verbose_name = _("branch")
        verbose_name_plural = _("branches")
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return _in_their_language(self.name_ar, self.name_en)


class OrderCounter(models.Model):
    """The last number given; one row a restaurant, so that numbers have no gaps and no doubles."""

    restaurant = models.OneToOneField("bots.Restaurant", models.CASCADE, primary_key=True, related_name="+")
    last_number = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.last_number)


class Order(models.Model):
    """`placed_by_turn` is the id of the message whose turn placed it: unique, so a turn places one order at most."""

    class Type(models.TextChoices):
        DELIVERY = "delivery", _("delivery")
        PICKUP = "pickup", _("pickup")

    class Payment(models.TextChoices):
        CASH = "cash", _("cash")
        CARD = "card_on_delivery", _("card on delivery")
        ONLINE = "online", _("online")

    class Status(models.TextChoices):
        PLACED = "placed", _("new")
        ACCEPTED = "accepted", _("accepted")
        PREPARING = "preparing", _("being prepared")
        READY = "ready", _("ready")
        ON_THE_WAY = "on_the_way", _("on the way")
        DELIVERED = "delivered", _("delivered")
        PICKED_UP = "picked_up", _("picked up")
        CANCELLED = "cancelled", _("cancelled")

    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    number = models.PositiveIntegerField(_("number"))
    restaurant = models.ForeignKey(
        "bots.Restaurant", models.PROTECT, related_name="orders", verbose_name=_("restaurant")
    )
    conversation = models.ForeignKey(
        "conversations.Conversation", models.PROTECT, related_name="orders", verbose_name=_("conversation")
    )
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="orders", verbose_name=_("branch"))
    type = models.CharField(_("type"), max_length=10, choices=Type.choices)
    latitude = models.DecimalField(_("latitude"), max_digits=17, decimal_places=14, null=True, blank=True)
    longitude = models.DecimalField(_("longitude"), max_digits=17, decimal_places=14, null=True, blank=True)
    address = models.TextField(_("address"), blank=True)
    payment = models.CharField(_("payment"), max_length=20, choices=Payment.choices)
    status = models.CharField(_("status"), max_length=12, choices=Status.choices, default=Status.PLACED)
    currency = models.CharField(_("currency"), max_length=3)
    total = models.DecimalField(_("total"), max_digits=12, decimal_places=3)
    rating = models.PositiveSmallIntegerField(_("rating"), null=True, blank=True)
    placed_by_turn = models.BigIntegerField(unique=True, null=True, editable=False)
    version = models.PositiveBigIntegerField(default=0, db_default=0, editable=False)
    created_at = models.DateTimeField(_("placed"), db_default=DatabaseClock(), editable=False)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["restaurant", "number"], name="one_order_a_number")]
        indexes = [
            models.Index(fields=["restaurant", "-id"], name="orders_of_restaurant"),
            models.Index(fields=["restaurant", "version"], name="orders_changed"),
            models.Index(fields=["conversation", "-id"], name="orders_of_conversation"),
        ]

    def __str__(self) -> str:
        return f"#{self.number}"


class OrderLine(models.Model):
    """Names and price as they were when the order was placed."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="lines", verbose_name=_("order"))
    item = models.ForeignKey(Item, models.SET_NULL, null=True, related_name="+", verbose_name=_("item"))
    name_ar = models.CharField(_("name in Arabic"), max_length=120)
    name_en = models.CharField(_("name in English"), max_length=120, blank=True)
    quantity = models.PositiveIntegerField(_("quantity"))
    unit_price = models.DecimalField(_("price of one"), max_digits=10, decimal_places=3)
    total = models.DecimalField(_("total"), max_digits=12, decimal_places=3)

    class Meta:
        verbose_name = _("line")
        verbose_name_plural = _("lines")
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.quantity} × {_in_their_language(self.name_ar, self.name_en)}"


class OrderEvent(models.Model):
    """A step of an order's life. `told_at` is when the customer was told of it, so that nobody is told twice."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="events", verbose_name=_("order"))
    status = models.CharField(_("status"), max_length=12, choices=Order.Status.choices)
    by = models.ForeignKey("auth.User", models.SET_NULL, null=True, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("when"), auto_now_add=True)
    told_at = models.DateTimeField(_("customer told"), null=True, blank=True)

    class Meta:
        verbose_name = _("step of an order")
        verbose_name_plural = _("steps of an order")
        ordering = ["id"]
        indexes = [
            models.Index(fields=["id"], name="order_events_untold", condition=models.Q(told_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.order_id} · {self.status}"
