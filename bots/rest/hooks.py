"""Webhooks as the API shows and takes them."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from bots.hooks.models import URL_LENGTH, HookAttempt, HookDelivery, HookEndpoint, HookEvent
from bots.rest.fields import Body, Flag, Moment, Optional, Text, fields_of

HOOK: dict[str, Any] = {
    "id": "0cfbcbdb-b62d-48df-8276-d607982888c8",
    "url": "https://till.example.com/sufrah",
    "description": "The till at the counter",
    "events": ["order.created", "order.updated"],
    "isActive": True,
    "offReason": None,
    "switchedOffAt": None,
    "failingSince": None,
    "lastSuccessAt": "2026-03-14T12:00:00Z",
    "createdAt": "2026-03-14T09:00:00Z",
}
DELIVERY: dict[str, Any] = {
    "id": "0b0a6a0e-6a52-4b8b-9c44-0f5ad2b0e6a1",
    "webhookId": HOOK["id"],
    "event": "order.created",
    "status": "delivered",
    "payload": {
        "restaurantId": "b2d5aee3-cbdd-4b37-82f9-5e1cc64b585e",
        "version": 1,
        "orderId": "37753688-c33e-4afe-9664-9ef99f86a5b5",
    },
    "createdAt": "2026-03-14T12:00:00Z",
    "nextAttemptAt": None,
    "attempts": [
        {
            "number": 1,
            "at": "2026-03-14T12:00:01Z",
            "milliseconds": 120,
            "answer": 200,
            "problem": None,
            "excerpt": "ok",
        }
    ],
}


@extend_schema_serializer(examples=[OpenApiExample("A till's webhook", HOOK)])
class HookOut(serializers.Serializer[HookEndpoint]):
    """A webhook; its secret was shown when it was made and never again."""

    id = serializers.UUIDField(source="code")
    url = serializers.CharField()
    description = Optional(help_text="What it is for.")
    events = serializers.ListField(child=serializers.ChoiceField(HookEvent.choices))
    isActive = serializers.BooleanField(source="is_active")
    offReason = Optional(source="off_reason", help_text="`by_hand` or `failing`; null while it is on.")
    switchedOffAt = Moment(source="switched_off_at", allow_null=True)
    failingSince = Moment(source="failing_since", allow_null=True)
    lastSuccessAt = Moment(source="last_success_at", allow_null=True)
    createdAt = Moment(source="created_at")


@extend_schema_serializer(examples=[OpenApiExample("A new one", {**HOOK, "lastSuccessAt": None, "secret": "whsec_…"})])
class HookMade(HookOut):
    """With the secret, this one time."""

    secret = serializers.CharField(required=False, help_text="Absent when the answer is said again.")


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Orders for a till",
            {"url": "https://till.example.com/sufrah", "events": ["order.created", "order.updated"]},
        )
    ]
)
class HookIn(Body[HookEndpoint]):
    """An address and what it wants to hear."""

    shown_only = fields_of(HookOut)

    url = Text(max_length=URL_LENGTH, help_text="https, on port 443 or 8443, on the public internet.")
    events = serializers.ListField(child=serializers.ChoiceField(HookEvent.choices), min_length=1, max_length=20)
    description = Optional(max_length=200, help_text="What it is for.")


@extend_schema_serializer(examples=[OpenApiExample("Off for now", {"isActive": False})])
class HookChange(HookIn):
    """Any subset of it, and whether it is on."""

    isActive = Flag(source="is_active", required=False)


class AttemptOut(serializers.Serializer[HookAttempt]):
    number = serializers.IntegerField()
    at = Moment()
    milliseconds = serializers.IntegerField()
    answer = serializers.IntegerField(allow_null=True, help_text="The HTTP status, null when no answer came.")
    problem = Optional(help_text="`refused`, `name`, `certificate`, `slow`, `connection` or `secret`.")
    excerpt = Optional(help_text="The beginning of the answer.")


@extend_schema_serializer(examples=[OpenApiExample("Delivered at once", DELIVERY)])
class DeliveryOut(serializers.Serializer[HookDelivery]):
    id = serializers.UUIDField(source="code")
    webhookId = serializers.UUIDField(source="endpoint.code")
    event = serializers.ChoiceField(HookEvent.choices)
    status = serializers.ChoiceField(HookDelivery.Status.choices)
    payload = serializers.DictField(source="data", child=serializers.JSONField(), help_text="`data` of its body.")
    createdAt = Moment(source="created_at")
    nextAttemptAt = serializers.SerializerMethodField()
    attempts = AttemptOut(many=True, source="tries")

    def get_nextAttemptAt(self, delivery: HookDelivery) -> str | None:
        waits = delivery.status == HookDelivery.Status.WAITING
        shown: Any = Moment().to_representation(delivery.due_at) if waits else None
        return None if shown is None else str(shown)
