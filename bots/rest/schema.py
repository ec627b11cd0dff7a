"""The OpenAPI document: what holds for every call is said here once."""

from __future__ import annotations

from functools import cache
from typing import Any, cast

from django.utils import translation
from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from bots.rest.authentication import TENANT_HEADER
from bots.rest.errors import ErrorShape, body_of
from bots.rest.once import KEY_HEADER, KEY_PATTERN
from bots.rest.viewsets import ApiViewSet

REFUSALS = {
    "400": "The request is wrong; `details` says where.",
    "401": "No token, or one that is unknown or revoked.",
    "403": "This token may not do that.",
    "404": "Not there, or not yours.",
    "406": "Only JSON is spoken here.",
    "429": "Too many calls; `Retry-After` says when to come back.",
    "500": "Our fault.",
}
REFUSED_WRITES = {
    "409": "Not possible as things stand.",
    "413": "The body is too large.",
    "415": "The body is not JSON.",
    "422": "The Idempotency-Key was used for another request.",
}
_EXAMPLES = {
    "400": body_of("Missing required fields: name", {"name": ["This field is required."]}),
    "401": body_of("This token is unknown or revoked"),
    "403": body_of("This token may only read"),
    "404": body_of("Not found."),
    "406": body_of("Could not satisfy the request Accept header."),
    "409": body_of("A call with this Idempotency-Key is being done; ask again in a moment"),
    "413": body_of("The request body is too large"),
    "415": body_of('Unsupported media type "text/plain" in request.'),
    "422": body_of("This Idempotency-Key was used for another request"),
    "429": body_of("Request was throttled. Expected available in 12 seconds."),
    "500": body_of("Internal server error"),
}
_PLACES = {
    name: OpenApiParameter(name, OpenApiTypes.UUID, OpenApiParameter.PATH, description=said)
    for name, said in {"code": "The id of the row.", "message": "The id of the message."}.items()
}
_TENANT = OpenApiParameter(
    TENANT_HEADER,
    OpenApiTypes.UUID,
    OpenApiParameter.HEADER,
    description="The restaurant, needed with an operator's token. A restaurant's own token needs none.",
)
_KEY = OpenApiParameter(
    KEY_HEADER,
    {"type": "string", "pattern": f"^{KEY_PATTERN}$"},
    OpenApiParameter.HEADER,
    description="A key of your own, such as a UUID: the same request with the same key is done once in 24 hours.",
)


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "bots.rest.authentication.BearerAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "description": "A token of `manage.py create_token`."}


class BodyScheme(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """Nothing else may be sent but what the answer shows, which is ignored."""

    target_class = "bots.rest.fields.Body"
    match_subclasses = True

    def map_serializer(self, auto_schema: AutoSchema, direction: str) -> dict[str, Any]:
        mapped = auto_schema._map_serializer
        schema: dict[str, Any] = mapped(self.target, direction, bypass_extensions=True)  # type: ignore[no-untyped-call]
        taken = schema.setdefault("properties", {})
        ignored = {
            name: {"description": "Shown only; ignored."} for name in sorted(self.target.shown_only - set(taken))
        }
        return {**schema, "properties": {**taken, **ignored}, "additionalProperties": False}


class ApiSchema(AutoSchema):
    def get_override_parameters(self) -> list[Any]:
        view = cast(ApiViewSet, self.view)
        shared: list[Any] = [place for name, place in _PLACES.items() if f"{{{name}}}" in self.path]
        shared += [_TENANT] if view.names_tenant else []
        shared += [view.queries[view.action]] if view.action in view.queries else []
        return [*shared, _KEY] if self._honours_key() else shared

    def get_description(self) -> str:  # type: ignore[override]
        """What a call says of itself; the docstrings of its set are ours."""
        return ""

    def get_tags(self) -> list[str]:
        """The room that the door belongs to."""
        module = type(self.view).__module__
        if module.startswith("bots.hooks."):
            return ["webhooks"]
        room = module.partition(".")[0]
        return ["senders" if room == "bots" else room]

    def _honours_key(self) -> bool:
        view = cast(ApiViewSet, self.view)
        return hasattr(getattr(view, view.action), "honours_key")

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        for code, said in (REFUSALS if self.method == "GET" else {**REFUSALS, **REFUSED_WRITES}).items():
            if code not in bodies:
                bodies[code] = self._refusal(code, said)
        return bodies

    def _refusal(self, code: str, said: str) -> dict[str, Any]:
        body: dict[str, Any] = self._get_response_for_code(ErrorShape, code)  # type: ignore[no-untyped-call]
        content = {kind: {**shape, "example": _EXAMPLES[code]} for kind, shape in body["content"].items()}
        return {**body, "content": content, "description": said}


class KeptSchema(SchemaGenerator):
    """Made once a process: anybody may ask for it, and making it takes as long as thirty calls."""

    def get_schema(self, request: Any = None, public: bool = False) -> Any:
        return _made() if public else super().get_schema(request, public)  # type: ignore[no-untyped-call]


@cache
def _made() -> Any:
    with translation.override("en"):
        return SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]
