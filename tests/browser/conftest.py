"""A real Chromium before a real web process that works on the test's database."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import ProxyHandler, Request, build_opener

import pytest
from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from playwright.sync_api import Browser, Page, Response, sync_playwright
from twilio.request_validator import RequestValidator

from bots.models import Bot
from tests.processes import Process, answers, free_port, web
from tests.twilio_posts import text_from
from tests.world import PASSWORD, World, make_world

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDTHS = (1280, 390)
direct = build_opener(ProxyHandler({}))


@dataclass
class Site:
    """The web process; it can be killed and started again."""

    process: Process
    url: str

    def start(self) -> None:
        self.process.start()
        self.process.wait_until(lambda: answers(f"{self.url}/healthz"))

    def customer_writes(
        self, bot: Bot, text: str, customer: str = "+966508034010", name: str = "Sara", token: str = ""
    ) -> None:
        """Posts to the real door, signed as Twilio does."""
        form = text_from(customer, bot, text, ProfileName=name)
        address = f"{self.url}/whatsapp/webhook"
        signature = RequestValidator(token or bot.auth_token).compute_signature(address, form)
        request = Request(address, urlencode(form).encode(), {"X-Twilio-Signature": signature})
        with direct.open(request, timeout=20) as answer:
            assert answer.status == 200


@pytest.fixture(scope="module")
def own_settings() -> Mapping[str, str]:
    """What a module's web process finds in its environment beside the usual; modules give their own."""
    return {}


@pytest.fixture(scope="module")
def site(
    django_db_setup: None, tmp_path_factory: pytest.TempPathFactory, own_settings: Mapping[str, str]
) -> Iterator[Site]:
    with served(web, tmp_path_factory.mktemp("web"), own_settings) as site:
        yield site


@contextmanager
def served(how: Callable[..., Process], logs: Path, own_settings: Mapping[str, str]) -> Iterator[Site]:
    """A site that works on the test's database, until the end of the block."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    env = {
        **os.environ,
        "SUFRAH_ENV": "local",
        "DEBUG": "",
        "REDIS_URL": "",
        "SUFRAH_DATA_DIR": str(settings.DATA_DIR),
        "DATABASE_URL": _database_url(),
        "PUBLIC_BASE_URL": url,
        **own_settings,
    }
    site = Site(how(env, logs, port), url)
    site.start()
    yield site
    site.process.stop()


def _database_url() -> str:
    """Of the test's own database, which has its name only by now."""
    place = connection.get_connection_params()
    named = {name: place[name] for name in ("host", "port", "user", "password") if place.get(name)}
    return f"postgresql:///{place['dbname']}?{urlencode(named)}"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    path = next(
        (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), ""
    )
    if not path and not os.environ.get("CI"):
        pytest.skip("There is no Chromium on this machine.")
    with sync_playwright() as playwright, pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # the browser's driver runs a loop here
        browser = playwright.chromium.launch(executable_path=path or "/usr/bin/chromium", args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def world(transactional_db: None, chromium: Browser) -> World:
    """As everywhere, with passwords that the web process understands; the tests' own hash is too weak for it."""
    world = make_world()
    User.objects.update(password=PBKDF2PasswordHasher().encode(PASSWORD, "salt", iterations=1000))
    return world


@pytest.fixture
def forgetful(world: World, site: Site) -> None:
    """For tests in which the admin saves: the flush before them has numbered the content types anew, and a web process
    remembers the old numbers. `opened` starts it again."""
    site.process.stop()


Opened = Callable[..., Page]


@pytest.fixture
def opened(world: World, site: Site, chromium: Browser, tmp_path: Path) -> Iterator[Opened]:
    """`opened("/inbox/", user, language="en", width=1280)`: a page; what a page complains of fails the test."""
    contexts, complaints = [], []
    if not site.process.is_alive:
        site.start()

    def open_page(
        path: str, user: User | None = None, language: str = "en", width: int = 1280, script: bool = True
    ) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": 800}, locale=language, java_script_enabled=script
        )
        contexts.append(context)
        if user is not None:
            context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": _session(user), "url": site.url}])
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("response", lambda answer: complaints.extend(_missing(answer)))
        page.goto(site.url + path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def _missing(answer: Response) -> list[str]:
    """A page that names a script, a style or a picture which is not there is wrong, whatever it shows."""
    return [f"{answer.status} {answer.url}"] if "/static/" in answer.url and answer.status >= 400 else []


def sticking_out(page: Page, picture: str = "") -> list[str]:
    """The widths, of a desktop and a phone, at which something is wider than the page. With PICTURES=folder the page
    is kept there at both, under this name."""
    folder, wrong = os.environ.get("PICTURES", ""), []
    before = page.viewport_size
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        if folder and picture:
            page.screenshot(path=Path(folder) / f"{picture}-{width}.png", full_page=True)
        too_much = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        wrong += [f"{too_much} px too wide at {width}: {page.url}"] if too_much > 0 else []
    page.set_viewport_size(before or {"width": WIDTHS[0], "height": 800})
    return wrong


def _session(user: User) -> str:
    client = Client()
    client.force_login(User.objects.get(pk=user.pk))
    return client.cookies[settings.SESSION_COOKIE_NAME].value
