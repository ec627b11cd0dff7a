"""Webhooks over REST: a restaurant's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from bots.access import hook_delivery_in, hook_in
from bots.hooks import endpoints
from bots.hooks.endpoints import HookRefused
from bots.hooks.models import HookDelivery, HookEndpoint
from bots.rest.errors import SENTENCE, Conflict
from bots.rest.hooks import DeliveryOut, HookChange, HookIn, HookMade, HookOut
from bots.rest.once import once
from bots.rest.paging import BY_TIME, PageQuery, page_of
from bots.rest.viewsets import RestaurantViewSet, listed, router
from bots.serializers import Removed


class HookViewSet(RestaurantViewSet):
    queries = {"list": PageQuery, "deliveries": PageQuery}
    secret = ""

    @extend_schema(operation_id="listWebhooks", summary="Webhooks", responses=HookOut(many=True))
    def list(self, request: Request) -> Response:
        page, _ = self.page_asked(PageQuery, request)
        rows = HookEndpoint.objects.filter(restaurant=self.restaurant)
        return listed(request, page_of(rows, page, BY_TIME, among=rows), HookOut)

    @extend_schema(
        operation_id="registerWebhook",
        summary="Register a webhook",
        description="The answer shows the secret this one time; said again to the same `Idempotency-Key` it comes "
        "without. An address that is registered already is refused with 409.",
        request=HookIn,
        responses={201: HookMade},
    )
    def create(self, request: Request) -> Response:
        answer = self._registered(request)
        if self.secret:  # not before, or it would be kept with the answer
            answer.data = {**answer.data, "secret": self.secret}
        return answer

    create.honours_key = True  # type: ignore[attr-defined]

    @once
    def _registered(self, request: Request) -> Response:
        fields = self.taken(HookIn, request)
        with _in_words():
            hook, self.secret = endpoints.register(self.restaurant, by=None, **fields)
        return Response(HookOut(hook).data, status=201)

    @extend_schema(operation_id="getWebhook", summary="One webhook", responses=HookOut)
    def retrieve(self, request: Request, code: str) -> Response:
        return Response(HookOut(hook_in(self.restaurant, code)).data)

    @extend_schema(
        operation_id="changeWebhook",
        summary="Change a webhook",
        description="Any subset of the fields; the secret stays. What waits goes to the new address.",
        request=HookChange(partial=True),
        responses=HookOut,
    )
    @once
    def partial_update(self, request: Request, code: str) -> Response:
        hook = hook_in(self.restaurant, code)
        fields = self.taken(HookChange, request, partial=True)
        with _in_words():
            endpoints.change(hook, by=None, at=timezone.now(), **fields)
        return self.retrieve(request, code)

    @extend_schema(
        operation_id="removeWebhook",
        summary="Remove a webhook",
        description="Its deliveries go with it.",
        responses={200: Removed},
    )
    @once
    def destroy(self, request: Request, code: str) -> Response:
        hook = hook_in(self.restaurant, code)
        endpoints.remove(hook, by=None)
        return Response({"success": True, "message": f"Webhook {hook.url} was removed"})

    @extend_schema(
        operation_id="switchOnWebhook",
        summary="Switch a webhook on again",
        description="One that was switched off by hand or after three days of failures.",
        request=None,
        responses=HookOut,
    )
    @action(detail=True, methods=["post"], url_path="switch-on")
    @once
    def switch_on(self, request: Request, code: str) -> Response:
        endpoints.switch_on(hook_in(self.restaurant, code), by=None)
        return Response(HookOut(hook_in(self.restaurant, code)).data)

    @extend_schema(
        operation_id="listWebhookDeliveries",
        summary="What a webhook was told, newest first, with every attempt",
        responses=DeliveryOut(many=True),
    )
    @action(detail=True)
    def deliveries(self, request: Request, code: str) -> Response:
        page, _ = self.page_asked(PageQuery, request)
        among = HookDelivery.objects.filter(endpoint=hook_in(self.restaurant, code))
        full = among.select_related("endpoint").prefetch_related("tries")
        return listed(request, page_of(full, page, BY_TIME, among=among), DeliveryOut)


class HookDeliveryViewSet(RestaurantViewSet):
    @extend_schema(
        operation_id="redeliverWebhook",
        summary="Deliver again",
        description="409 while the webhook is off or the delivery is on its way.",
        request=None,
        responses=DeliveryOut,
    )
    @action(detail=True, methods=["post"])
    @once
    def redeliver(self, request: Request, code: str) -> Response:
        with _in_words():
            endpoints.redeliver(hook_delivery_in(self.restaurant, code), by=None, at=timezone.now())
        return Response(DeliveryOut(hook_delivery_in(self.restaurant, code)).data)


@contextmanager
def _in_words() -> Iterator[None]:
    """The verbs' refusals in the API's words."""
    try:
        yield
    except HookRefused as error:
        if not error.is_conflict:
            raise ValidationError({error.field: [ErrorDetail(str(error), code=SENTENCE)]}) from error
        raise Conflict(str(error)) from error


urlpatterns = router(webhooks_deliveries=HookDeliveryViewSet, webhooks=HookViewSet).urls
