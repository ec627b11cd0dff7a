"""Log lines keep ids and lose whatever identifies a person or opens a door."""

from __future__ import annotations

import json
import logging
import sys

import pytest

from sufrah.logs import JsonLines, PlainLines, clean

CODE = "3f2b8a54-6a53-4c6e-9a0b-0d7c1a2b3c4d"


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("From +966 50 803 4010 to whatsapp:+966508034010", "From [number] to whatsapp:[number]"),
        ("Authorization: Bearer sfr_abcdefghijklmnop", "Authorization: Bearer hidden"),
        ('{"auth_token": "0123456789abcdef0123456789abcdef"}', '{"auth_token": "hidden"}'),
        ("password=opensesame&x=1", "password=hidden"),
        ("value gAAAAABlZ1234567890abcdefghij== is bad", "value [encrypted] is bad"),
        ("DETAIL:  Failing row contains (1, مرحبا, Sara).", "DETAIL: hidden"),
        ("GET /join/0123abcd.Zm9v-_x/?a=1", "GET /join/hidden?a=1"),
        (
            "Forbidden (CSRF cookie not set.): /new-password/NjI/digwj0-3ac9aeca/",
            "Forbidden (CSRF cookie not set.): /new-password/hidden",
        ),
    ],
)
def test_what_identifies_or_opens_is_gone(said: str, kept: str) -> None:
    assert clean(said) == kept


@pytest.mark.parametrize("harmless", [f"message {CODE}", "conversation 1234567", "took 12.345 s", "error 63016"])
def test_ids_and_figures_stay(harmless: str) -> None:
    assert clean(harmless) == harmless


def record(**extra: object) -> logging.LogRecord:
    try:
        raise ValueError("refused\nDETAIL:  Key (phone)=(+966508034010) already exists.")
    except ValueError:
        made = logging.LogRecord("bots", logging.ERROR, "x.py", 1, "For %s", ("+966508034010",), sys.exc_info())
    made.__dict__.update(extra)
    return made


def test_json_lines_carry_ids_and_a_clean_traceback() -> None:
    line = json.loads(JsonLines().format(record(conversation_id=7, customer="Sara")))
    assert (line["level"], line["message"], line["conversation_id"]) == ("ERROR", "For [number]", 7)
    assert "ValueError: refused" in line["traceback"]
    assert "966508034010" not in json.dumps(line)
    assert "customer" not in line


def test_plain_lines_say_the_same_to_a_person() -> None:
    line = PlainLines().format(record(message_id=9))
    assert "bots: For [number]" in line
    assert line.endswith("[message_id=9]")
    assert "966508034010" not in line
