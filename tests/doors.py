"""Every door of the house, found by itself: whatever stands in the URLs is tried on the day it opens."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any

from channels.routing import URLRouter
from django.urls import URLPattern, URLResolver, get_resolver

from sufrah.asgi import application

_PLACE = re.compile(r"<(?:[^:>]+:)?([^>]+)>")


def patterns() -> Iterator[str]:
    """As written in `urls.py`, joined: `inbox/<uuid:code>/`."""
    yield from _under(get_resolver(), "")


def _under(node: URLResolver, before: str) -> Iterator[str]:
    for child in node.url_patterns:
        if isinstance(child, URLResolver):
            yield from _under(child, before + str(child.pattern))
        elif isinstance(child, URLPattern):
            yield before + str(child.pattern)


def socket_patterns() -> Iterator[str]:
    """Of the sockets, as the house has put them together."""
    node: Any = application.application_mapping["websocket"]
    while not isinstance(node, URLRouter):
        node = node.inner
    yield from _routed(node, "")


def _routed(router: Any, before: str) -> Iterator[str]:
    for route in router.routes:
        if isinstance(route.callback, URLRouter):
            yield from _routed(route.callback, before + str(route.pattern))
        else:
            yield before + str(route.pattern)


def paths(codes: Iterable[object], *, without: tuple[str, ...] = ()) -> Iterator[str]:
    """Every door with every code in each of its places. A door without a place is there once."""
    yield from _all_filled((pattern for pattern in patterns() if not pattern.startswith(without)), codes)


def socket_paths(codes: Iterable[object]) -> Iterator[str]:
    yield from _all_filled(socket_patterns(), codes)


def _all_filled(found: Iterable[str], codes: Iterable[object]) -> Iterator[str]:
    known = [str(code) for code in codes]
    for pattern in found:
        if "(?P" in pattern:
            continue
        places = _PLACE.findall(pattern)
        for filling in product(known, repeat=len(places)):
            yield "/" + _filled(pattern, filling)


def _filled(pattern: str, filling: tuple[str, ...]) -> str:
    values = iter(filling)
    return _PLACE.sub(lambda _: next(values), pattern)
