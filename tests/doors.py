"""Every door of the house, found by itself: whatever stands in the URLs is tried on the day it opens."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import product

from django.urls import URLPattern, URLResolver, get_resolver

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


def paths(codes: Iterable[object], *, without: tuple[str, ...] = ()) -> Iterator[str]:
    """Every door with every code in each of its places. A door without a place is there once."""
    known = [str(code) for code in codes]
    for pattern in patterns():
        if pattern.startswith(without) or "(?P" in pattern:
            continue
        places = _PLACE.findall(pattern)
        for filling in product(known, repeat=len(places)):
            yield "/" + _filled(pattern, filling)


def _filled(pattern: str, filling: tuple[str, ...]) -> str:
    values = iter(filling)
    return _PLACE.sub(lambda _: next(values), pattern)
