"""One POST to a stranger's address, against real servers on this machine."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bots.hooks import wire
from bots.hooks.wire import NoAnswer, post
from tests.bots.test_hooks_addresses import names
from tests.receiver import Receiver


@pytest.fixture(autouse=True)
def here(settings: Any) -> None:
    settings.HOOKS_ALLOW_LOOPBACK = True
    settings.HOOKS_TIMEOUT_SECONDS = 0.6


def reason_of(url: str) -> str:
    with pytest.raises(NoAnswer) as refused:
        post(url, b"{}", {})
    return refused.value.reason


def test_what_arrives_and_what_comes_back() -> None:
    with Receiver() as receiver:
        receiver.answers = [(202, b"thank you\0")]
        answer = post(f"{receiver.url}/in?a=b", b'{"x":1}', {"Sufrah-Event": "order.created"})
    assert (answer.status, answer.excerpt, answer.is_success) == (202, "thank you\ufffd", True)
    call = receiver.calls[0]
    assert (call.path, call.body, call.headers["Sufrah-Event"]) == ("/in?a=b", b'{"x":1}', "order.created")
    assert call.headers["Host"] == receiver.url.removeprefix("http://")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    with Receiver() as receiver, Receiver() as inside:
        receiver.answers = [(status, b"")]
        receiver.location = inside.url
        answer = post(receiver.url, b"{}", {})
    assert (answer.status, answer.is_success, inside.calls) == (status, False, [])


def test_no_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with Receiver() as receiver, Receiver() as proxy:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        assert post(receiver.url, b"{}", {}).status == 200
    assert (len(receiver.calls), proxy.calls) == (1, [])


@contextmanager
def speaking(*pieces: bytes, pause: float) -> Iterator[str]:
    """A server that says these pieces over and over, slowly or not, until it is left."""
    server = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def speak() -> None:
        line, _ = server.accept()
        line.recv(65_536)
        try:
            for piece in pieces[:-1]:
                line.sendall(piece)
            while not over.wait(pause):
                line.sendall(pieces[-1])
        except OSError:
            return
        finally:
            line.close()

    speaker = threading.Thread(target=speak, daemon=True)
    speaker.start()
    try:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
    finally:
        over.set()
        server.close()
        speaker.join(5)


@pytest.mark.parametrize("begun", [(b"",), (b"H",)])
def test_a_slow_answer_ends_in_time_however_it_trickles(begun: tuple[bytes, ...]) -> None:
    with speaking(*begun, b"a", pause=0.1) as url:
        before = time.monotonic()
        assert reason_of(url) == "slow"
        assert time.monotonic() - before < 2


def test_a_status_that_came_is_an_answer_although_the_rest_trickles() -> None:
    with speaking(b"HTTP/1.1 503 No\r\nX-Slow: ", b"a", pause=0.1) as url:
        before = time.monotonic()
        assert post(url, b"{}", {}).status == 503
        assert time.monotonic() - before < 2


def test_silence_ends_in_time() -> None:
    with speaking(b"", pause=30) as url:
        assert reason_of(url) == "slow"


def test_a_huge_answer_is_not_read() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"
    with speaking(head, b"x" * 65_536, pause=0.0001) as url:
        before = time.monotonic()
        answer = post(url, b"{}", {})
    assert (answer.status, answer.excerpt) == (200, "x" * wire.EXCERPT)
    assert time.monotonic() - before < 2


def test_a_status_without_its_body_is_still_an_answer() -> None:
    with speaking(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf", b"", pause=30) as url:
        answer = post(url, b"{}", {})
    assert answer.is_success


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert reason_of(f"http://127.0.0.1:{port}/") == "connection"


def test_a_name_that_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert reason_of("https://till.example.com/") == "name"


def test_a_name_that_leads_inside_is_never_dialled(monkeypatch: pytest.MonkeyPatch) -> None:
    dialled: list[Any] = []
    names(monkeypatch, ["127.0.0.1"])
    monkeypatch.setattr(socket, "create_connection", lambda *args, **_: dialled.append(args))
    assert reason_of("https://till.example.com/") == "refused"
    assert dialled == []


def test_the_name_is_asked_once_and_its_checked_address_dialled(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that turns to an address inside after the check changes nothing."""
    dialled: list[str] = []

    def dial(address: tuple[str, int], *_: Any, **__: Any) -> socket.socket:
        dialled.append(address[0])
        raise ConnectionRefusedError

    asked = names(monkeypatch, ["93.184.215.14"], ["127.0.0.1"])
    monkeypatch.setattr(socket, "create_connection", dial)
    assert reason_of("https://till.example.com/") == "connection"
    assert (asked, dialled) == (["till.example.com"], ["93.184.215.14"])


def made_out_to(name: str, folder: Path) -> ssl.SSLContext:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    (folder / "certificate").write_bytes(certificate.public_bytes(pem))
    (folder / "key").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate", folder / "key")
    return context


@pytest.mark.parametrize(("name", "expected"), [("localhost", None), ("elsewhere.example.com", "certificate")])
def test_the_certificate_must_be_made_out_to_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, expected: str | None
) -> None:
    server = made_out_to(name, tmp_path)
    monkeypatch.setattr(wire, "_trust", lambda: ssl.create_default_context(cafile=str(tmp_path / "certificate")))
    with Receiver(tls=server) as receiver:
        url = receiver.url.replace("http://127.0.0.1", "https://localhost")
        names(monkeypatch, ["127.0.0.1"])
        if expected:
            assert reason_of(url) == expected
        else:
            assert post(url, b"{}", {}).status == 200


def test_a_certificate_of_its_own_making_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Receiver(tls=made_out_to("localhost", tmp_path)) as receiver:
        names(monkeypatch, ["127.0.0.1"])
        assert reason_of(receiver.url.replace("http://127.0.0.1", "https://localhost")) == "certificate"


def test_a_name_with_many_dead_addresses_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    names(monkeypatch, [f"93.184.215.{last}" for last in range(1, 41)])

    def dead(address: object, timeout: float) -> socket.socket:
        time.sleep(timeout)
        raise TimeoutError

    monkeypatch.setattr(socket, "create_connection", dead)
    began = time.monotonic()
    assert reason_of("https://till.example.com/") == "slow"
    assert time.monotonic() - began < 1.5
