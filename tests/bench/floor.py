"""The least that accepting a message can cost: the same inserts as the webhook's, without Python around them."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from uuid import uuid4

import psycopg
from django.db import connection

from bots.models import Bot
from tests.bench.client import Measured

_CONVERSATION = """
INSERT INTO conversations_conversation AS c (
    code, restaurant_id, bot_id, customer_address, customer_name, language, status, is_bot_active, needs_attention,
    unread_count, last_message_at, last_inbound_at, version, created_at, updated_at)
VALUES (%(code)s, %(restaurant)s, %(bot)s, %(address)s, '', '', 'active', true, false, 1, now(), now(),
    (extract(epoch FROM now()) * 1000)::bigint, now(), now())
ON CONFLICT (bot_id, customer_address) DO UPDATE SET unread_count = c.unread_count + 1 RETURNING id
"""
_MESSAGE = """
INSERT INTO conversations_message (
    code, restaurant_id, bot_id, conversation_id, direction, author, kind, body, content, payload, provider_sid, status,
    error_code, error_reason, attempts, position, turn_attempts, turn_error, version, received_at, created_at)
VALUES (%(code)s, %(restaurant)s, %(bot)s, %(conversation)s, 'IN', 'customer', 'text', %(body)s, '{"choice": null}',
    %(payload)s, %(sid)s, 'received', '', '', 0, 0, 0, '', (extract(epoch FROM now()) * 1000)::bigint, now(), now())
"""
_JOB = """
SELECT procrastinate_defer_jobs_v1(ARRAY[
    ROW('default', 'take_turns', 0, NULL, NULL, jsonb_build_object('conversation_id', %(conversation)s::bigint), NULL)
    ::procrastinate_job_to_defer_v1])
"""
_PAYLOAD = '{"Body": "السلام عليكم", "filler": "%s"}' % ("x" * 600)
_serial, _one_at_a_time = count(1), threading.Lock()


def insert_all(bot: Bot, connections: int, seconds: float) -> Measured:
    """As many transactions as so many connections do one after the other in this time."""
    measured = Measured(connections)
    address = connection.get_connection_params()
    info = {name: address[name] for name in ("dbname", "user", "password", "host", "port") if address.get(name)}
    started = time.perf_counter()
    with ThreadPoolExecutor(connections) as threads:
        for latencies in threads.map(lambda _: _inserted(bot, info, started + seconds), range(connections)):
            measured.latencies += latencies
    measured.seconds = time.perf_counter() - started
    return measured


def _inserted(bot: Bot, info: dict[str, str], until: float) -> list[float]:
    latencies = []
    with psycopg.connect(**info, autocommit=True) as raw:  # type: ignore[arg-type]
        while (begun := time.perf_counter()) < until:
            with _one_at_a_time:
                n = next(_serial)
            _insert(raw, bot, n)
            latencies.append(time.perf_counter() - begun)
    return latencies


def _insert(raw: psycopg.Connection, bot: Bot, n: int) -> None:
    values = {"restaurant": bot.restaurant_id, "bot": bot.pk, "address": f"+9664{n:08d}", "code": uuid4()}
    with raw.transaction():
        row = raw.execute(_CONVERSATION, values).fetchone()
        values |= {"conversation": row[0] if row else None, "body": "السلام عليكم", "payload": _PAYLOAD}
        raw.execute(_MESSAGE, {**values, "sid": f"SM{n:032x}"})
        raw.execute(_JOB, values)
