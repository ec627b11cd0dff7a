from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from sessions_state.dialogue.nearest import distance_km, nearest
from sessions_state.dialogue.state import Place
from tests.sessions_state.dialogue.menus import MALQA, OLAYA


def place(latitude: str, longitude: str) -> Place:
    return Place(Decimal(latitude), Decimal(longitude))


def test_distances_that_are_known() -> None:
    assert distance_km(24.7136, 46.6753, 21.4858, 39.1925) == pytest.approx(848, abs=5)  # Riyadh to Jeddah
    assert distance_km(0, 0, 0, 0) == 0
    assert distance_km(0, 179.9, 0, -179.9) == pytest.approx(22.2, abs=0.1)  # across the date line
    assert distance_km(0, 0, 0, 180) == pytest.approx(20015, abs=1)


def test_the_nearest_branch() -> None:
    assert nearest(place("24.70", "46.68"), (OLAYA, MALQA)) == OLAYA
    assert nearest(place("24.82", "46.62"), (OLAYA, MALQA)) == MALQA
    assert nearest(place("24.82", "46.62"), (OLAYA, replace(MALQA, longitude=None))) == OLAYA


def test_without_coordinates_nobody_is_nearest() -> None:
    assert nearest(place("24.70", "46.68"), ()) is None
    assert nearest(place("24.70", "46.68"), (replace(OLAYA, latitude=None),)) is None


def test_of_two_equally_near_the_first() -> None:
    assert nearest(place("24.70", "46.68"), (OLAYA, replace(OLAYA, id="twin"))) == OLAYA
