"""One shape for every refusal: `{"error": a sentence, "details": {field: [sentences]}}`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import APIException, ErrorDetail, ValidationError
from rest_framework.settings import api_settings

_ABSENT = {"required", "null", "blank"}
_UNKNOWN = {"unknown": "Unknown fields", "unknown parameter": "Unknown parameters"}
SENTENCE = "sentence"  # the code of a message that needs no field's name before it


class Conflict(APIException):
    """The request is well-formed, but the rows do not allow it now."""

    status_code = 409
    default_code = "conflict"


class KeyReused(APIException):
    """The Idempotency-Key was used for another request (draft-ietf-httpapi-idempotency-key-header, 2.7)."""

    status_code = 422
    default_detail = "This Idempotency-Key was used for another request"
    default_code = "key_reused"


class BodyTooLarge(APIException):
    status_code = 413
    default_detail = "The request body is too large"
    default_code = "too_large"


def body_of(error: str, details: Mapping[str, list[str]] | None = None) -> dict[str, Any]:
    return {"error": error, "details": dict(details or {})}


class ErrorShape(serializers.Serializer[Any]):
    """What every refusal looks like."""

    error = serializers.CharField(help_text="What is wrong, in a sentence.")
    details = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()), help_text="What is wrong with which field."
    )


def shaped(error: ValidationError) -> dict[str, Any]:
    """The body of a 400: the details by field, and one sentence that sums them up."""
    detail = error.detail
    by_field = detail if isinstance(detail, dict) else {api_settings.NON_FIELD_ERRORS_KEY: detail}
    found = {str(field): list(_flat(errors)) for field, errors in by_field.items()}
    return body_of(_summary(found), {field: [str(one) for one in errors] for field, errors in found.items()})


def _summary(found: Mapping[str, list[ErrorDetail]]) -> str:
    if absent := [field for field, errors in found.items() if any(one.code in _ABSENT for one in errors)]:
        return f"Missing required fields: {', '.join(absent)}"
    for code, sentence in _UNKNOWN.items():
        if unknown := [field for field, errors in found.items() if any(one.code == code for one in errors)]:
            return f"{sentence}: {', '.join(unknown)}"
    field, first = next((field, errors[0]) for field, errors in found.items() if errors)
    return str(first) if first.code == SENTENCE else f"{field}: {first}"


def _flat(errors: Any) -> Iterable[ErrorDetail]:
    if isinstance(errors, dict):
        errors = list(errors.values())
    if not isinstance(errors, list):
        return [errors]
    return [one for inner in errors for one in _flat(inner)]
