"""A roll-out: processes of the release before go on under this one's tables, beside this one's processes."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import psycopg
import pytest
from django.test import override_settings

from bots.models import Bot
from tests import releases
from tests.fakes import FakeTwilio
from tests.postgres_server import postgres_server
from tests.processes import Process, answers, free_port, gunicorn, manage, scratch, worker
from tests.twilio_posts import FORM, signature, text_from
from tests.world import ACCOUNT_A, PASSWORD, TOKEN_A, fresh_sid

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]

SENDER = Bot(account_sid=ACCOUNT_A, whatsapp_number="+966502045939")  # the demo's, with its menu
HELLO = "السلام عليكم"
# Order now, pickup, first branch, first category, first item, two of it; checkout, cash, confirm.
FILLS_A_CART, ORDERS = ("1", "2", "1", "1", "1", "2"), ("1", "1", "1")
MAKE_WAITER = f"from django.contrib.auth.models import User; User.objects.create_user('waiter', password='{PASSWORD}')"
PATIENCE = 60.0


@dataclass
class RollOut:
    """`web` and `worker` are of the release before and were working when this one's migrations ran."""

    env: dict[str, str]
    logs: Path
    twilio: FakeTwilio
    web: Process
    worker: Process

    @property
    def old_port(self) -> int:
        return int(self.web.env["PORT"])

    def post(self, path: str, form: dict[str, str], port: int = 0) -> int:
        """A signed post of Twilio's to the older web, or to this port; returns the status."""
        with override_settings(PUBLIC_BASE_URL=self.env["PUBLIC_BASE_URL"]):
            headers = {"Content-Type": FORM, "X-Twilio-Signature": signature(path, form, TOKEN_A)}
        line = HTTPConnection("127.0.0.1", port or self.old_port, timeout=30)
        try:
            line.request("POST", path, urlencode(form), headers)
            return line.getresponse().status
        finally:
            line.close()

    def converse(self, customer: str, *words: str, port: int = 0) -> None:
        """Each word is said after the answer to the one before has reached Twilio."""
        for word in words:
            heard = len(self.answers_to(customer))
            form = text_from(customer, SENDER, word, fresh_sid("SMroll"))
            assert self.post("/whatsapp/webhook", form, port) in (200, 204)
            wait_for(lambda heard=heard: len(self.answers_to(customer)) > heard)  # type: ignore[misc]

    def answers_to(self, customer: str) -> list[str]:
        return [sent.sid for sent in self.twilio.sent if sent.to == f"whatsapp:{customer}"]

    def rows(self, statement: str, *arguments: object) -> list[Any]:
        with psycopg.connect(self.env["DATABASE_URL"]) as line:
            return line.execute(statement, arguments).fetchall()

    def orders_of(self, customer: str) -> list[Any]:
        return self.rows(
            "SELECT o.number FROM orders_order o JOIN conversations_conversation c ON c.id = o.conversation_id "
            "WHERE c.customer_address = %s",
            customer,
        )


def wait_for(done: Callable[[], object]) -> None:
    limit = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < limit, "it did not happen in time"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def roll_out(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RollOut]:
    logs = tmp_path_factory.mktemp("roll-out")
    code = releases.unpack(tmp_path_factory.mktemp("release"))
    old_port = free_port()
    with (
        postgres_server() as server,
        FakeTwilio(callbacks_to=f"http://127.0.0.1:{old_port}") as twilio,
        scratch("rollout") as empty,
    ):
        env = empty | {
            "DATABASE_URL": server.url,
            "TWILIO_API_BASE_URL": twilio.url,
            "PUBLIC_BASE_URL": "http://localhost:8000",
            "WORKER_CONCURRENCY": "4",
            "SENDERS_TOKEN": TOKEN_A,
        }
        furnish(env, code)
        web = replace(gunicorn(env, logs, old_port, workers=1), code=code)
        jobs = replace(worker(env, logs), code=code)
        roll_out = RollOut(env, logs, twilio, web, jobs)
        try:
            web.start()
            jobs.start()
            web.wait_until(lambda: answers(f"http://127.0.0.1:{old_port}/healthz"))
            roll_out.converse("+966550003000", HELLO)
            manage(env, "migrate", "--verbosity", "0")
            yield roll_out
        finally:
            web.stop()
            jobs.stop()


def furnish(env: dict[str, str], code: Path) -> None:
    """The tables, the demo, a live sender and a waiter, as the release before makes them."""
    manage(env, "migrate", "--verbosity", "0", code=code)
    manage(env, "load_demo", "--yes", code=code)
    told = ("--known", "ocean", "--account-sid", ACCOUNT_A, "--auth-token-env", "SENDERS_TOKEN")
    manage(env, "register_sender", *told, code=code)
    manage(env, "shell", "-c", MAKE_WAITER, code=code)


def test_older_processes_take_an_order_under_newer_tables(roll_out: RollOut) -> None:
    customer = "+966550003001"
    roll_out.converse(customer, HELLO, *FILLS_A_CART, *ORDERS)
    wait_for(lambda: roll_out.orders_of(customer))
    assert roll_out.web.is_alive
    assert roll_out.worker.is_alive


def test_a_conversation_from_before_the_migration_goes_on(roll_out: RollOut) -> None:
    roll_out.converse("+966550003000", *FILLS_A_CART, *ORDERS)
    wait_for(lambda: roll_out.orders_of("+966550003000"))


def test_the_older_web_keeps_what_twilio_reports(roll_out: RollOut) -> None:
    customer = "+966550003002"
    roll_out.converse(customer, HELLO)
    sent = next(sent for sent in roll_out.twilio.sent if sent.to == f"whatsapp:{customer}")
    for status in ("sent", "delivered", "read"):
        form = {"MessageSid": sent.sid, "MessageStatus": status, "AccountSid": ACCOUNT_A}
        form |= {"From": sent.sender, "To": sent.to, "ApiVersion": "2010-04-01"}
        assert roll_out.post("/whatsapp/status", form) in (200, 204)
    stored = "SELECT status FROM conversations_message WHERE provider_sid = %s"
    wait_for(lambda: roll_out.rows(stored, sent.sid) == [("read",)])


def test_a_newer_worker_goes_on_with_what_the_older_web_stores(roll_out: RollOut) -> None:
    customer, newer = "+966550003003", worker(roll_out.env, roll_out.logs, 2)
    roll_out.converse(customer, HELLO, *FILLS_A_CART)
    roll_out.worker.stop()
    newer.start()
    try:
        roll_out.converse(customer, *ORDERS)
        wait_for(lambda: roll_out.orders_of(customer))
    finally:
        newer.stop()
        roll_out.worker.start()


def test_an_older_worker_goes_on_with_what_the_newer_web_stores(roll_out: RollOut) -> None:
    customer, port = "+966550003004", free_port()
    newer = replace(gunicorn(roll_out.env, roll_out.logs, port, workers=1), log=roll_out.logs / "newer")
    newer.start()
    try:
        newer.wait_until(lambda: answers(f"http://127.0.0.1:{port}/healthz"))
        roll_out.converse(customer, HELLO, *FILLS_A_CART, *ORDERS, port=port)
        wait_for(lambda: roll_out.orders_of(customer))
    finally:
        newer.stop()


def test_people_sign_in_at_the_older_web(roll_out: RollOut) -> None:
    """A wrong password is counted and the right one opens: both write to tables that this release has left."""
    with httpx.Client(base_url=f"http://127.0.0.1:{roll_out.old_port}", trust_env=False, timeout=30) as browser:
        assert sign_in(browser, "wrong").status_code == 200
        assert sign_in(browser, PASSWORD).status_code == 302


def sign_in(browser: httpx.Client, password: str) -> httpx.Response:
    hidden = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', browser.get("/login/").text)
    assert hidden
    typed = {"csrfmiddlewaretoken": hidden[1], "username": "waiter", "password": password}
    return browser.post("/login/", data=typed)
