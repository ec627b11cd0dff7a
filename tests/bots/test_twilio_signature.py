"""Signatures: every vector that was computed with Twilio's own library or published in its documents."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from django.http import QueryDict
from twilio.request_validator import RequestValidator

from bots.twilio.signature import is_genuine

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent.parent / "twilio" / "signature_vectors.json").read_text(encoding="utf-8")
)["vectors"]
# JSON bodies: our doors answer 415 to whatever is no form, so a signature over one is judged by nobody.
OF_JSON = [vector for vector in VECTORS if vector.get("body") is not None]
# Shared keys are a public beta that a sender would have to switch on; we know the account's auth token alone.
OF_SHARED_KEYS = [vector for vector in VECTORS if "algorithm" in vector]
OF_FORMS = [vector for vector in VECTORS if vector not in OF_JSON and vector not in OF_SHARED_KEYS]


def _form(vector: dict[str, Any]) -> QueryDict:
    return QueryDict(vector["raw_form_body"], encoding="utf-8")


def _named(vector: dict[str, Any]) -> str:
    return str(vector["name"])


def test_no_vector_is_left_out() -> None:
    assert len(OF_FORMS) + len(OF_JSON) + len(OF_SHARED_KEYS) == len(VECTORS) == 44
    assert {_named(vector) for vector in OF_JSON} == {"lib_json_body_sha256", "lib_body_hash_only", "json_body_arabic"}


@pytest.mark.parametrize("vector", OF_FORMS, ids=_named)
def test_forms(vector: dict[str, Any]) -> None:
    assert is_genuine(vector["url"], _form(vector), vector["signature"], vector["token"]) is vector["valid"]


@pytest.mark.parametrize("vector", OF_FORMS, ids=_named)
def test_no_form_passes_with_another_token(vector: dict[str, Any]) -> None:
    assert not is_genuine(vector["url"], _form(vector), vector["signature"], "0" * 32)


@pytest.mark.parametrize("vector", [v for v in OF_FORMS if v["params"]], ids=_named)
def test_no_form_passes_with_one_more_field(vector: dict[str, Any]) -> None:
    form = QueryDict(vector["raw_form_body"] + "&Injected=1", encoding="utf-8")
    assert not is_genuine(vector["url"], form, vector["signature"], vector["token"])


@pytest.mark.parametrize("vector", OF_SHARED_KEYS, ids=_named)
def test_shared_keys_are_nobody_to_us(vector: dict[str, Any]) -> None:
    """Signed with a shared key, the request is not signed with the account's token, whatever its headers claim."""
    assert not is_genuine(vector["url"], _form(vector), vector["signature"], "0123456789abcdef0123456789abcdef")


def test_the_stronger_algorithm_of_shared_keys_is_not_read() -> None:
    vector = next(vector for vector in OF_SHARED_KEYS if vector["valid"])
    assert not is_genuine(vector["url"], _form(vector), vector["signature"], vector["token"])


@pytest.mark.parametrize("vector", [v for v in OF_JSON if "signature" in v], ids=_named)
def test_a_json_signature_covers_the_address_alone(vector: dict[str, Any]) -> None:
    """Which is why the doors refuse JSON before they ask: an empty form beside it passes, a full one does not."""
    assert is_genuine(vector["url"], QueryDict(""), vector["signature"], vector["token"])
    assert not is_genuine(vector["url"], QueryDict("Body=other"), vector["signature"], vector["token"])
    assert f"bodySHA256={sha256(vector['body'].encode()).hexdigest()}" in vector["url"]


def test_the_librarys_body_hash() -> None:
    vector = next(vector for vector in OF_JSON if vector["name"] == "lib_body_hash_only")
    assert RequestValidator("x").compute_hash(vector["body"]) == vector["sha256_hex"]


@pytest.mark.parametrize(
    ("url", "body", "signature", "token"),
    [
        ("https://bot.example.com:99999/x", "a=1", "abc", "t"),
        ("https://[broken/x", "a=1", "abc", "t"),
        ("", "", "abc", "t"),
        ("https://bot.example.com/x", "a=1", "", "t"),
        ("https://bot.example.com/x", "a=1", "\x00\udc80é", "t"),
        ("https://bot.example.com/x", "a=1", "abc", ""),
        ("https://bot.example.com/\udc80", "a=1", "abc", "t"),
        ("https://bot.example.com/x?bodySHA256=", "", "abc", "t"),
    ],
)
def test_nonsense_is_refused_and_never_raises(url: str, body: str, signature: str, token: str) -> None:
    assert is_genuine(url, QueryDict(body), signature, token) is False
