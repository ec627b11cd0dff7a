"""Senders over REST: for operators all of them, for a restaurant its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import ValidationError as FieldsRefused
from django.http import Http404
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from bots import registration
from bots.access import any_bot, as_code, bots_in, members_of
from bots.models import Bot
from bots.numbers import addressed
from bots.registration import FieldsMissing, NumberTaken, Retired, SenderRefused
from bots.rest.authentication import restaurants_for
from bots.rest.errors import Conflict
from bots.rest.once import once
from bots.rest.paging import BY_TIME, PageQuery, page_of
from bots.rest.viewsets import ApiViewSet, OperatorViewSet, RestaurantViewSet, listed, router
from bots.serializers import (
    NAMES,
    BotChange,
    BotIn,
    BotOut,
    HouseOut,
    PersonOut,
    RemovalQuery,
    Removed,
    SenderOut,
)


class BotViewSet(OperatorViewSet):
    queries = {"list": PageQuery, "destroy": RemovalQuery}

    @extend_schema(operation_id="listBots", summary="All senders", responses=BotOut(many=True))
    def list(self, request: Request) -> Response:
        page, _ = self.page_asked(PageQuery, request)
        rows = Bot.objects.filter(retired_at__isnull=True)
        found = page_of(rows.select_related("restaurant"), page, BY_TIME, among=rows)
        return listed(request, found, BotOut)

    @extend_schema(
        operation_id="registerBot",
        summary="Register a sender",
        description="Without `restaurantId` a restaurant of the name `restaurantName` is made.",
        request=BotIn,
        responses={201: BotOut},
    )
    @once
    def create(self, request: Request) -> Response:
        fields = self.taken(BotIn, request)
        with _in_words():
            bot = registration.register(by=None, **fields)
        return Response(BotOut(any_bot(bot.code)).data, status=201)

    @extend_schema(operation_id="getBot", summary="One sender", responses=BotOut)
    def retrieve(self, request: Request, code: str) -> Response:
        return Response(BotOut(any_bot(code)).data)

    @extend_schema(
        operation_id="changeBot",
        summary="Change a sender",
        description="Any subset of the fields; the stored token stays when `authToken` is absent, empty or “hidden”.",
        request=BotChange(partial=True),
        responses=BotOut,
    )
    @once
    def update(self, request: Request, code: str) -> Response:
        bot = any_bot(code)
        fields = self.taken(BotChange, request, partial=True)
        with _in_words():
            registration.change(bot, by=None, **fields)
        return Response(BotOut(any_bot(code)).data)

    @extend_schema(
        operation_id="removeBot",
        summary="Retire a sender",
        description="Its number is free again and its conversations stay. Refused while there are any, unless forced.",
        responses={200: Removed},
    )
    @once
    def destroy(self, request: Request, code: str) -> Response:
        bot = any_bot(code)
        is_forced = self.asked(RemovalQuery, request).validated_data["force"] == "true"
        if not is_forced and bot.conversations.exists():
            raise Conflict("This bot has conversations. Retire it with ?force=true; they stay readable")
        with _in_words():
            registration.retire(bot, by=None)
        return Response({"success": True, "message": f"Bot {bot.name} was retired"})


class RestaurantsViewSet(ApiViewSet):
    names_tenant = True
    queries = {"list": PageQuery}

    @extend_schema(
        operation_id="listRestaurants",
        summary="The restaurants that this token may speak for, newest first",
        description="A restaurant's own token sees its own; an operator's sees all, or the one that it names.",
        responses=HouseOut(many=True),
    )
    def list(self, request: Request) -> Response:
        page, _ = self.page_asked(PageQuery, request)
        rows = restaurants_for(request)
        return listed(request, page_of(rows, page, BY_TIME, among=rows), HouseOut)


class RestaurantsOwnViewSet(RestaurantViewSet):
    queries = {"bots": PageQuery, "staff": PageQuery}

    @extend_schema(
        operation_id="listBotsOfRestaurant",
        summary="The senders of a restaurant",
        responses=SenderOut(many=True),
    )
    @action(detail=True)
    def bots(self, request: Request, code: str) -> Response:
        self._own(code)
        page, _ = self.page_asked(PageQuery, request)
        rows = bots_in(self.restaurant)
        found = page_of(rows.select_related("restaurant"), page, BY_TIME, among=rows)
        return listed(request, found, SenderOut)

    @extend_schema(
        operation_id="listStaffOfRestaurant",
        summary="Who works for a restaurant and can be given conversations",
        responses=PersonOut(many=True),
    )
    @action(detail=True)
    def staff(self, request: Request, code: str) -> Response:
        self._own(code)
        page, _ = self.page_asked(PageQuery, request)
        rows = members_of(self.restaurant)
        return listed(request, page_of(rows.select_related("user"), page, BY_TIME, among=rows), PersonOut)

    def _own(self, code: str) -> None:
        """Raises Http404 for any other restaurant."""
        if as_code(code) != self.restaurant.code:
            raise Http404


@contextmanager
def _in_words() -> Iterator[None]:
    """The verbs' refusals in the API's words."""
    try:
        yield
    except FieldsMissing as error:
        absent = ErrorDetail("This field is required.", code="required")
        raise ValidationError({NAMES[name]: [absent] for name in error.fields}) from error
    except NumberTaken as error:
        raise Conflict(f"Bot with WhatsApp number {addressed(error.number)} already exists") from error
    except Retired as error:
        raise Http404 from error
    except SenderRefused as error:
        raise Conflict(str(error)) from error
    except FieldsRefused as error:
        refused = {NAMES.get(name, name): messages for name, messages in error.message_dict.items()}
        raise ValidationError(refused) from error


urlpatterns = [
    path("db/restaurants", RestaurantsViewSet.as_view({"get": "list"})),
    *router(admin_bots=BotViewSet, db_restaurants=RestaurantsOwnViewSet).urls,
]
