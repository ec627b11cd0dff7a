"""What every test may ask for."""

from __future__ import annotations

import pytest
from django.conf import settings

from tests.world import World, make_world


def pytest_configure() -> None:
    """Slow hashing protects real passwords; here it would cost a second for every world."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def world(db: None) -> World:
    return make_world()
