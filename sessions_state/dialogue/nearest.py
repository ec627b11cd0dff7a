"""Which branch is nearest to a point, as the crow flies."""

from __future__ import annotations

from collections.abc import Iterable
from math import asin, cos, radians, sin, sqrt

from orders.menu import Branch
from sessions_state.dialogue.state import Place

EARTH_KM = 6371.0


def distance_km(from_lat: float, from_lon: float, to_lat: float, to_lon: float) -> float:
    """Great-circle distance (haversine) between two points in degrees."""
    turn_lat, turn_lon = radians(to_lat - from_lat), radians(to_lon - from_lon)
    half = sin(turn_lat / 2) ** 2 + cos(radians(from_lat)) * cos(radians(to_lat)) * sin(turn_lon / 2) ** 2
    return 2 * EARTH_KM * asin(min(1.0, sqrt(half)))


def nearest(place: Place, branches: Iterable[Branch]) -> Branch | None:
    """The nearest of those whose coordinates are known; None when none are."""
    here = float(place.latitude), float(place.longitude)
    located = [
        (distance_km(*here, float(branch.latitude), float(branch.longitude)), branch)
        for branch in branches
        if branch.latitude is not None and branch.longitude is not None
    ]
    return min(located, key=lambda pair: pair[0])[1] if located else None
