"""DRF's exception handler. Apart from `errors`, because DRF's views import those while they are made themselves."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import RequestDataTooBig
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler

from bots.lines import note_on_line
from bots.rest.errors import BodyTooLarge, body_of, shaped


def refused(error: Exception, context: dict[str, Any]) -> Response | None:
    """The answer to an exception in a view; None for one that nobody expected, which becomes a 500."""
    error = BodyTooLarge() if isinstance(error, RequestDataTooBig) else error
    response = exception_handler(error, context)
    if response is not None:
        note_on_line(refused=_why(error, response))
        response.data = shaped(error) if isinstance(error, ValidationError) else body_of(_sentence(response.data))
    return response


def _why(error: Exception, response: Response) -> str:
    """In our own words; those about a body may quote it, so there its kind must do."""
    return type(error).__name__ if isinstance(error, ValidationError) else _sentence(response.data)


def _sentence(data: Any) -> str:
    return str(data.get("detail", "")) if isinstance(data, dict) else str(data)
