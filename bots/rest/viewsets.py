"""What every door of the API is made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

from django.db.models import Model
from django.http import HttpResponse
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.views.decorators.http import conditional_page
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.viewsets import ViewSet

from bots.audit import one_call
from bots.models import Restaurant
from bots.rest.authentication import TENANT_HEADER, BearerAuthentication, IsOperator, ScopeAllows, restaurant_of
from bots.rest.fields import Query
from bots.rest.paging import Found, PageQuery, Wanted, next_link, wanted
from bots.rest.throttling import TokenThrottle

S = TypeVar("S", bound=serializers.BaseSerializer[Any])
Q = TypeVar("Q", bound=Query)
M = TypeVar("M", bound=Model)


class ApiViewSet(ViewSet):
    """The calls of one kind of row. A token opens them; they are counted, and answer 304 to who has it already."""

    lookup_field = "code"
    lookup_value_converter = "str"
    authentication_classes = [BearerAuthentication]
    permission_classes = [ScopeAllows]
    throttle_classes = [TokenThrottle]
    http_method_names = ["get", "head", "post", "put", "patch", "delete"]
    call_name = ""
    queries: ClassVar[Mapping[str, type[Query]]] = {}  # what an address may carry, by the name of the call
    names_tenant = False

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        with one_call():
            answer: Any = conditional_page(super().dispatch)(request, *args, **kwargs)
        answer.add_post_render_callback(self._noted)  # the last one, because a 304 keeps few headers
        return answer

    def notes(self) -> dict[str, str]:
        """The headers that every answer of this call has, also a refusal and a 304."""
        allowance = getattr(self.request, "allowance", None)
        return allowance.headers if allowance else {}

    def _noted(self, answer: HttpResponse) -> HttpResponse:
        for name, value in self.notes().items():
            answer[name] = value
        return answer

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        answer = super().finalize_response(request, response, *args, **kwargs)
        patch_cache_control(answer, private=True, no_cache=True)
        patch_vary_headers(answer, ["Authorization", TENANT_HEADER])
        return answer

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if (request.method or "").lower() in self.action_map:  # else the method is not there, which is said instead
            self.asked(self.queries.get(self.action, Query), request)

    def taken(self, shape: type[S], request: Request, **options: Any) -> Any:
        """The valid fields of the body. Raises ValidationError."""
        body = shape(data=request.data, **options)
        body.is_valid(raise_exception=True)
        return body.validated_data

    def asked(self, shape: type[Q], request: Request) -> Q:
        """The valid query. Raises ValidationError."""
        query = shape(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        return query

    def page_asked(self, shape: type[PageQuery], request: Request) -> tuple[Wanted, Mapping[str, Any]]:
        """The page, and whatever else the query says. Raises ValidationError."""
        query = self.asked(shape, request)
        return wanted(query), query.validated_data


class OperatorViewSet(ApiViewSet):
    permission_classes = [ScopeAllows, IsOperator]


class RestaurantViewSet(ApiViewSet):
    """Speaks for one restaurant: the token's own, or the one that the operator names."""

    names_tenant = True
    restaurant: Restaurant

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.restaurant = restaurant_of(request)


def router(**viewsets: type[ApiViewSet]) -> SimpleRouter:
    """The addresses of these sets, without a slash at their end; `db_conversations` is what begins `db/conversations`.
    Where two begin alike, the longer one comes first."""
    made = SimpleRouter(trailing_slash=False, use_regex_path=False)
    for name, viewset in viewsets.items():
        made.register(name.replace("_", "/"), viewset, basename=name)
    return made


def listed(request: Request, found: Found[M], shape: type[serializers.Serializer[M]]) -> Response:
    """A page as a bare array; the next one is in the Link header (RFC 8288)."""
    link = next_link(request, found)
    one = shape()
    shown = [one.to_representation(row) for row in found.rows]
    return Response(shown, headers={"Link": f'<{link}>; rel="next"'} if link else None)
