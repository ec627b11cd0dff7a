"""Honours `Idempotency-Key` on a call that changes something."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from django.http import Http404
from django.utils import timezone
from django.utils.crypto import salted_hmac
from rest_framework.exceptions import APIException, ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from bots import idempotency
from bots.idempotency import Answer, Claim, KeyTaken, StillRunning
from bots.rest.authentication import TENANT_HEADER, bearer_in
from bots.rest.errors import SENTENCE, Conflict, KeyReused

V = TypeVar("V", bound=APIView)
KEY_HEADER = "Idempotency-Key"
_REFUSALS = (APIException, Http404)
KEY_PATTERN = r"[\x21-\x7e]{1,255}"


def once(handler: Callable[..., Response]) -> Callable[..., Response]:
    """The first answer is said again to the same request with the same key; a refusal leaves the key free. A fault of
    ours does not: nobody knows what was done before it, so the same request goes on under the same name."""

    @wraps(handler)
    def inner(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = _key_in(request)
        if key is None:
            return handler(view, request, *args, **kwargs)
        claim = _claimed(request, key)
        if claim.answer is not None:
            said = json.loads(claim.answer.body)
            return Response(said, claim.answer.status, headers={"Idempotency-Replayed": "true"})
        return _done(claim, lambda: handler(_named(view, claim), request, *args, **kwargs))

    inner.honours_key = True  # type: ignore[attr-defined]
    return inner


def _done(claim: Claim, act: Callable[[], Response]) -> Response:
    try:
        response = act()
    except _REFUSALS:
        idempotency.release(claim)
        raise
    except Exception:
        idempotency.interrupt(claim, at=timezone.now())
        raise
    idempotency.settle(claim, Answer(response.status_code, json.dumps(response.data)))
    idempotency.forget_old(at=timezone.now())
    return response


def _named(view: V, claim: Claim) -> V:
    view.call_name = claim.name  # type: ignore[attr-defined]
    return view


def _key_in(request: Request) -> str | None:
    key = request.headers.get(KEY_HEADER)
    if key is not None and not re.fullmatch(KEY_PATTERN, key):
        wrong = ErrorDetail(f"{KEY_HEADER} is 1 to 255 visible ASCII characters", code=SENTENCE)
        raise ValidationError({KEY_HEADER: [wrong]})
    return key


def _claimed(request: Request, key: str) -> Claim:
    try:
        return idempotency.claim(bearer_in(request).owner, key, _fingerprint(request), at=timezone.now())
    except KeyTaken as error:
        raise KeyReused from error
    except StillRunning as error:
        raise Conflict("A call with this Idempotency-Key is being done; ask again in a moment") from error


def _fingerprint(request: Request) -> str:
    """Of method, address, tenant and body; keyed, so that it betrays nothing of a body with a secret."""
    said = [request.method, request.get_full_path(), request.headers.get(TENANT_HEADER, ""), request.data]
    return salted_hmac("idempotent call", json.dumps(said, sort_keys=True), algorithm="sha256").hexdigest()
