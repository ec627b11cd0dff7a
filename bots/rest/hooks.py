"""Webhooks as the API shows and takes them."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from bots.hooks.models import URL_LENGTH, HookAttempt, HookDelivery, HookEndpoint, HookEvent
from bots.rest.fields import Body, Moment, Optional, Text, fields_of


class HookOut(serializers.Serializer[HookEndpoint]):
    """A webhook; its secret was shown when it was made and never again."""

    id = serializers.UUIDField(source="code")
    url = serializers.CharField()
    events = serializers.ListField(child=serializers.ChoiceField(HookEvent.choices))
    isActive = serializers.BooleanField(source="is_active")
    offReason = Optional(source="off_reason", help_text="`by_hand` or `failing`; null while it is on.")
    switchedOffAt = Moment(source="switched_off_at", allow_null=True)
    failingSince = Moment(source="failing_since", allow_null=True)
    lastSuccessAt = Moment(source="last_success_at", allow_null=True)
    createdAt = Moment(source="created_at")


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


class AttemptOut(serializers.Serializer[HookAttempt]):
    number = serializers.IntegerField()
    at = Moment()
    milliseconds = serializers.IntegerField()
    answer = serializers.IntegerField(allow_null=True, help_text="The HTTP status, null when no answer came.")
    problem = Optional(help_text="`refused`, `name`, `certificate`, `slow`, `connection` or `secret`.")
    excerpt = Optional(help_text="The beginning of the answer.")


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
