"""What every test may ask for."""

from __future__ import annotations

import pytest

from tests.world import World, make_world


@pytest.fixture
def world(db: None) -> World:
    return make_world()
