"""Senders as the API shows and takes them."""

from __future__ import annotations

from typing import Any

from django.core.validators import URLValidator
from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.fields import SkipField, empty

from bots.access import any_restaurant
from bots.models import Bot, Membership, Restaurant
from bots.numbers import InvalidNumber, addressed, canonical
from bots.registration import KEPT_TOKENS
from bots.rest.errors import SENTENCE
from bots.rest.fields import Body, Flag, Moment, Optional, Query, Text, Whole, YesNo, fields_of

HOUSE: dict[str, Any] = {
    "id": "b2d5aee3-cbdd-4b37-82f9-5e1cc64b585e",
    "name": "Sufrah",
    "nameAr": "سفرة",
    "phone": "+966112345678",
    "timezone": "Asia/Riyadh",
    "currency": "SAR",
    "language": "ar",
    "isActive": True,
    "createdAt": "2026-03-14T08:00:00Z",
    "updatedAt": "2026-03-14T08:00:00Z",
}
PERSON: dict[str, Any] = {
    "id": "7b0f6c2e-4b0a-4f8e-9a67-5a3f0d1f7c11",
    "name": "Sara Ahmed",
    "role": "agent",
    "createdAt": "2026-03-14T08:30:00Z",
}
RESTAURANT: dict[str, Any] = {"id": "b2d5aee3-cbdd-4b37-82f9-5e1cc64b585e", "name": "Sufrah", "phone": "+966112345678"}
SENDER: dict[str, Any] = {
    "id": "c44fc4c2-9cf8-4e24-9999-3e6d3281ef97",
    "name": "Sufrah Bot",
    "restaurantName": "Sufrah",
    "whatsappNumber": "whatsapp:+966508034010",
    "status": "ACTIVE",
    "isActive": True,
    "createdAt": "2026-03-14T09:00:00Z",
    "updatedAt": "2026-03-14T12:00:00Z",
}
BOT: dict[str, Any] = {
    **SENDER,
    "restaurantId": RESTAURANT["id"],
    "accountSid": "AC00000000000000000000000000000000",
    "subaccountSid": None,
    "authToken": "hidden",
    "wabaId": "1234567890",
    "senderSid": "XE00000000000000000000000000000000",
    "verificationSid": None,
    "verifiedAt": "2026-03-14T10:00:00Z",
    "errorMessage": None,
    "supportContact": "+966500000000",
    "paymentLink": None,
    "maxMessagesPerMin": 60,
    "maxMessagesPerDay": 1000,
    "restaurant": RESTAURANT,
}


@extend_schema_field({"type": "string", "example": "whatsapp:+966508034010"})
class WhatsAppNumber(Text):
    """Any usual spelling in, `whatsapp:+…` out."""

    def to_internal_value(self, data: Any) -> str:
        try:
            return canonical(super().to_internal_value(data))
        except InvalidNumber as error:
            raise ValidationError([ErrorDetail("Invalid WhatsApp number format", code=SENTENCE)]) from error

    def to_representation(self, value: str) -> str:
        return addressed(value)


@extend_schema_field(OpenApiTypes.UUID)
class KnownRestaurant(Text):
    """The public code of a restaurant that is there. With `allow_null`, null says nothing."""

    def validate_empty_values(self, data: Any) -> tuple[bool, Any]:
        if data is None and self.allow_null:
            raise SkipField
        return super().validate_empty_values(data)

    def to_internal_value(self, data: Any) -> Any:
        try:
            return any_restaurant(super().to_internal_value(data))
        except Http404 as error:
            raise ValidationError([ErrorDetail("There is no such restaurant.", code="invalid")]) from error


class AuthToken(Text):
    """A sender's secret, never shown; “hidden” is none."""

    def run_validation(self, data: Any = empty) -> Any:
        if data in KEPT_TOKENS:
            self.fail("required")
        return super().run_validation(data)


class RestaurantOut(serializers.Serializer[Restaurant]):
    id = serializers.UUIDField(source="code")
    name = serializers.CharField()
    phone = Optional()


@extend_schema_serializer(examples=[OpenApiExample("A sender", SENDER)])
class SenderOut(serializers.Serializer[Bot]):
    """A sender as its restaurant sees it."""

    id = serializers.UUIDField(source="code")
    name = serializers.CharField()
    restaurantName = serializers.CharField(source="restaurant.name")
    whatsappNumber = WhatsAppNumber(source="whatsapp_number")
    status = serializers.ChoiceField(Bot.Status.choices)
    isActive = serializers.BooleanField(source="is_active")
    createdAt = Moment(source="created_at")
    updatedAt = Moment(source="updated_at")


@extend_schema_serializer(examples=[OpenApiExample("A sender in full", BOT)])
class BotOut(serializers.Serializer[Bot]):
    """A sender as an operator sees it; `authToken` is always “hidden”."""

    id = serializers.UUIDField(source="code")
    restaurantId = serializers.UUIDField(source="restaurant.code")
    name = serializers.CharField()
    restaurantName = serializers.CharField(source="restaurant.name")
    whatsappNumber = WhatsAppNumber(source="whatsapp_number")
    accountSid = serializers.CharField(source="account_sid")
    subaccountSid = Optional(source="subaccount_sid")
    authToken = serializers.SerializerMethodField()
    wabaId = Optional(source="waba_id")
    senderSid = Optional(source="sender_sid")
    verificationSid = Optional(source="verification_sid")
    status = serializers.ChoiceField(Bot.Status.choices)
    verifiedAt = Moment(source="verified_at", allow_null=True)
    errorMessage = Optional(source="error_message")
    supportContact = Optional(source="support_contact")
    paymentLink = Optional(source="payment_link")
    isActive = serializers.BooleanField(source="is_active")
    maxMessagesPerMin = serializers.IntegerField(source="max_messages_per_min")
    maxMessagesPerDay = serializers.IntegerField(source="max_messages_per_day")
    createdAt = Moment(source="created_at")
    updatedAt = Moment(source="updated_at")
    restaurant = RestaurantOut()

    @extend_schema_field({"type": "string", "enum": ["hidden"]})
    def get_authToken(self, bot: Bot) -> str:
        return "hidden"


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A sender and its restaurant",
            {
                "name": "Sufrah Bot",
                "restaurantName": "Sufrah",
                "whatsappNumber": "+966508034010",
                "accountSid": "AC00000000000000000000000000000000",
                "authToken": "the token of the account",
            },
        )
    ]
)
class BotIn(Body[Bot]):
    """A sender to register. `restaurantName` is the name of the restaurant, which is made unless `restaurantId` names
    one."""

    shown_only = fields_of(BotOut)

    name = Text(max_length=120)
    restaurantName = Text(source="restaurant_name", max_length=120)
    whatsappNumber = WhatsAppNumber(source="whatsapp_number", max_length=60, help_text="In any usual spelling.")
    accountSid = Text(source="account_sid", max_length=34)
    authToken: Text = AuthToken(source="auth_token", max_length=200)
    restaurantId = KnownRestaurant(
        source="restaurant", required=False, allow_null=True, help_text="An existing restaurant."
    )
    subaccountSid = Optional(source="subaccount_sid", max_length=34)
    wabaId = Optional(source="waba_id", max_length=32)
    senderSid = Optional(source="sender_sid", max_length=34)
    verificationSid = Optional(source="verification_sid", max_length=34)
    status = serializers.ChoiceField(Bot.Status.choices, required=False)
    verifiedAt = Moment(source="verified_at", required=False, allow_null=True)
    errorMessage = Optional(source="error_message", max_length=2000)
    supportContact = Optional(source="support_contact", max_length=120)
    paymentLink = Optional(source="payment_link", max_length=200, validators=[URLValidator(schemes=["http", "https"])])
    isActive = Flag(source="is_active", required=False)
    maxMessagesPerMin = Whole(
        source="max_messages_per_min",
        required=False,
        help_text="Messages out in a minute; what is over it waits. It holds once it has been set.",
    )
    maxMessagesPerDay = Whole(
        source="max_messages_per_day",
        required=False,
        help_text="Messages out in 24 hours; what is over it fails and calls a person. It holds once it has been set.",
    )


@extend_schema_serializer(
    examples=[OpenApiExample("Two fields", {"supportContact": "+966500000000", "maxMessagesPerMin": 30})]
)
class BotChange(BotIn):
    """Any subset of it."""

    restaurantId = KnownRestaurant(source="restaurant", required=False, help_text="An existing restaurant.")
    authToken = Optional(
        source="auth_token", max_length=200, help_text="Absent, empty or “hidden” keeps the one that is stored."
    )


# The API's name of each of our fields, for what the verbs refuse.
NAMES = {field.source or name: name for name, field in BotIn._declared_fields.items()}


class RemovalQuery(Query):
    force = YesNo(default="false", help_text="Retire the sender although it has conversations; they stay.")


@extend_schema_serializer(examples=[OpenApiExample("A restaurant", HOUSE)])
class HouseOut(serializers.Serializer[Restaurant]):
    """A restaurant that a token may speak for."""

    id = serializers.UUIDField(source="code")
    name = serializers.CharField()
    nameAr = Optional(source="name_ar")
    phone = Optional()
    timezone = serializers.CharField()
    currency = serializers.CharField()
    language = serializers.ChoiceField(Restaurant.Language.choices)
    isActive = serializers.BooleanField(source="is_active")
    createdAt = Moment(source="created_at")
    updatedAt = Moment(source="updated_at")


@extend_schema_serializer(examples=[OpenApiExample("Somebody who answers", PERSON)])
class PersonOut(serializers.Serializer[Membership]):
    """One of a restaurant's staff."""

    id = serializers.UUIDField(source="code", help_text="`userId`, where somebody is named.")
    name = serializers.SerializerMethodField()
    role = serializers.ChoiceField(Membership.Role.choices)
    createdAt = Moment(source="created_at")

    def get_name(self, member: Membership) -> str:
        return member.user.get_full_name() or member.user.get_username()


@extend_schema_serializer(
    examples=[OpenApiExample("It is gone", {"success": True, "message": "Bot Sufrah Bot was retired"})]
)
class Removed(serializers.Serializer[Any]):
    success = serializers.BooleanField()
    message = serializers.CharField()
