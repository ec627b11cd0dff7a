"""Many sign-ins at once, with the real, slow hash, before real processes: what Twilio posts does not wait for them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request

import pytest

from conversations.models import Message
from tests.browser.conftest import Site, direct, served
from tests.processes import Process, gunicorn, web
from tests.tables import say
from tests.world import World

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]
AT_ONCE = 40
CSRF = "c" * 32


def one_worker(env: dict[str, str], logs: Path, port: int) -> Process:
    return gunicorn(env, logs, port, workers=1)


@pytest.fixture(params=[one_worker, web], ids=["gunicorn", "daphne"])
def site(request: pytest.FixtureRequest, tmp_path: Path, transactional_db: None) -> Iterator[Site]:
    how: Callable[..., Process] = request.param
    with served(how, tmp_path, {"TRUSTED_PROXIES": "1"}) as site:
        yield site


def sign_in(site: Site, number: int) -> tuple[int, float, str]:
    """Somebody else from somewhere else each time; the status, the seconds, and how long one is asked to wait."""
    form = {"username": f"somebody {number}", "password": "guess-work", "csrfmiddlewaretoken": CSRF}
    headers = {"Cookie": f"csrftoken={CSRF}", "X-Forwarded-For": f"198.51.100.{number}"}
    began = time.monotonic()
    try:
        with direct.open(Request(f"{site.url}/login/", urlencode(form).encode(), headers), timeout=100) as answer:
            status, again = answer.status, ""
    except HTTPError as refusal:
        status, again = refusal.code, refusal.headers.get("Retry-After", "")
    return status, time.monotonic() - began, again


def test_forty_sign_ins_at_once_delay_no_webhook(site: Site, world: World) -> None:
    site.customer_writes(world.a.bot, "hello", customer="+966500000001")
    with ThreadPoolExecutor(AT_ONCE) as crowd:
        rush = [crowd.submit(sign_in, site, number) for number in range(AT_ONCE)]
        time.sleep(0.3)
        waits = []
        for number in range(5):
            began = time.monotonic()
            site.customer_writes(world.a.bot, "hello", customer=f"+96650000001{number}")
            waits.append(time.monotonic() - began)
        answers = [one.result() for one in rush]
    counts = Counter(status for status, _, _ in answers)
    say(f"webhooks took {[f'{wait:.2f}' for wait in waits]} s; the sign-ins were answered with {dict(counts)}")
    assert Message.objects.filter(direction=Message.Direction.IN).count() == 6
    assert set(counts) == {200, 503}
    assert all(again for status, _, again in answers if status == 503)
    assert max(waits) < 10
