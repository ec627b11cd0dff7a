"""What is said at start when the environment is not ready."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.conf import settings as project

from bots.checks import check_environment, check_proxies

ROOT = Path(__file__).resolve().parents[2]
KEY = Fernet.generate_key().decode()


@pytest.fixture
def production(settings: Any) -> Any:
    settings.IS_PRODUCTION = True
    settings.SUFRAH_ENV = "production"
    settings.SECRET_KEY = "k" * 60
    settings.FIELD_ENCRYPTION_KEYS = [KEY]
    settings.PUBLIC_BASE_URL = "https://bot.example.com"
    settings.HAS_DATABASE_URL = True
    settings.ALLOWED_HOSTS = ["bot.example.com"]
    return settings


def found() -> list[str | None]:
    return [message.id for message in check_environment(None)]


def test_a_production_that_is_ready_hears_nothing(production: Any) -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("SUFRAH_ENV", "prod", "bots.E002"),
        ("FIELD_ENCRYPTION_KEYS", [], "bots.E003"),
        ("FIELD_ENCRYPTION_KEYS", [KEY, "short"], "bots.E004"),
        ("FIELD_ENCRYPTION_KEYS", ["مفتاح"], "bots.E004"),
        ("SECRET_KEY", "missing", "bots.E005"),
        ("PUBLIC_BASE_URL", "http://bot.example.com", "bots.E006"),
        ("PUBLIC_BASE_URL", "https://my_bot.example.com", "bots.E006"),
        ("PUBLIC_BASE_URL", "https://", "bots.E006"),
        ("HAS_DATABASE_URL", False, "bots.E007"),
        ("ALLOWED_HOSTS", ["bot.example.com", "*"], "bots.E008"),
    ],
)
def test_each_gap_is_said_with_what_to_do(production: Any, name: str, value: object, code: str) -> None:
    setattr(production, name, value)
    messages = check_environment(None)
    assert [message.id for message in messages] == [code]
    assert messages[0].hint
    assert messages[0].is_serious()
    assert "short" not in f"{messages[0].msg} {messages[0].hint}"


def test_a_laptop_needs_none_of_it(settings: Any) -> None:
    settings.IS_PRODUCTION, settings.SUFRAH_ENV = False, "local"
    settings.PUBLIC_BASE_URL, settings.ALLOWED_HOSTS = "http://localhost:8000", ["*"]
    assert found() == []


def test_an_unknown_environment_is_said_on_a_laptop_too(settings: Any) -> None:
    settings.IS_PRODUCTION, settings.SUFRAH_ENV = False, "prodution"
    assert found() == ["bots.E002"]


def test_a_production_that_names_no_proxies_fails_the_deploy_check(production: Any) -> None:
    production.TRUSTED_PROXIES_SAID = False
    message = check_proxies(None)[0]
    assert (message.id, message.is_serious()) == ("bots.E020", True)
    assert "TRUSTED_PROXIES" in message.msg
    production.TRUSTED_PROXIES_SAID = True
    assert check_proxies(None) == []
    production.TRUSTED_PROXIES_SAID, production.IS_PRODUCTION = False, False
    assert check_proxies(None) == []


def manage(command: str, *args: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "VIRTUAL_ENV")}
    return subprocess.run(
        [sys.executable, "manage.py", command, *args],
        cwd=ROOT,
        env={**kept, "SUFRAH_ENV": "production", "SUFRAH_DATA_DIR": str(project.DATA_DIR), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.processes
def test_a_proper_production_passes_djangos_own_checks_too() -> None:
    done = manage(
        *("check", "--deploy", "--fail-level", "WARNING"),
        SECRET_KEY="0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
        FIELD_ENCRYPTION_KEYS=KEY,
        PUBLIC_BASE_URL="https://bot.example.com",
        DATABASE_URL="postgresql://sufrah@localhost/sufrah",
        TRUSTED_PROXIES="1",
    )
    assert (done.returncode, "no issues" in done.stdout) == (0, True), done.stderr


@pytest.mark.processes
def test_an_empty_production_does_not_begin_and_says_why() -> None:
    done = manage("check")
    assert done.returncode == 1
    for code in ("bots.E003", "bots.E005", "bots.E006", "bots.E007"):
        assert code in done.stderr
    assert "Traceback" not in done.stderr
