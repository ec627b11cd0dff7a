"""Where a webhook may go: a stranger who names an address must not reach our own network."""

from __future__ import annotations

import socket
from ipaddress import ip_address
from typing import Any

import pytest

from bots.hooks.addresses import AddressRefused, Target, is_public, resolved, target_of


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://example.com/", "scheme"),
        ("ftp://example.com/", "scheme"),
        ("file:///etc/passwd", "host"),
        ("//example.com/", "scheme"),
        ("https:///path", "host"),
        ("https://user@example.com/", "credentials"),
        ("https://user:pass@example.com/", "credentials"),
        ("https://@example.com/", "credentials"),
        ("https://example.com:22/", "port"),
        ("https://example.com:0/", "port"),
        ("https://example.com:80/", "port"),
        ("https://example.com:99999/", "form"),
        ("https://example.com/a#b", "form"),
        ("https://example.com/#", "form"),
        ("https://example.com\\@127.0.0.1/", "form"),
        ("https://exa mple.com/", "form"),
        ("https://example.com/\r\nHost: x", "form"),
        ("https://مثال.com/", "form"),
        ("https://[::1", "form"),
        ("https://localhost/", "host"),
        ("https://intranet/", "host"),
        ("https://example.com./", "host"),
        ("https://.example.com/", "host"),
        ("https://a..example.com/", "host"),
        ("https://" + "a" * 64 + ".com/", "host"),
        ("https://%31%32%37.0.0.1/", "host"),
        ("https://127.1/", "host"),
        ("https://0177.0.0.1/", "host"),
        ("https://0x7f.0.0.1/", "host"),
        ("https://127.0.0.0x1/", "host"),
        ("https://1.2.3.4.5/", "host"),
        ("https://till.localhost/", "host"),
        ("https://metadata.google.internal/", "host"),
        ("https://printer.local/", "host"),
        ("https://router.home.arpa/", "host"),
        ("https://127.0.0.1/", "private"),
        ("https://10.0.0.1/", "private"),
        ("https://169.254.169.254/latest/meta-data/", "private"),
        ("https://[::1]/", "private"),
        ("https://168.63.129.16/machine/?comp=goalstate", "private"),
        ("https://100.100.100.200/latest/meta-data/", "private"),
        ("https://[fd00:ec2::254]/latest/meta-data/", "private"),
        ("https://[::ffff:168.63.129.16]/", "private"),
        ("https://[::ffff:169.254.169.254]/", "private"),
        ("https://[2002:a83f:8110::]/", "private"),
        ("https://[64:ff9b::168.63.129.16]/", "private"),
        ("https://[::ffff:8.8.8.8]/", "private"),
        ("https://" + "a" * 500 + ".com/", "form"),
    ],
)
def test_refused_addresses(url: str, reason: str) -> None:
    with pytest.raises(AddressRefused) as refused:
        target_of(url)
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("url", "host", "port", "path"),
    [
        ("https://example.com", "example.com", 443, "/"),
        ("https://example.com:8443/a/b?c=d&e", "example.com", 8443, "/a/b?c=d&e"),
        ("HTTPS://Example.COM:443/", "example.com", 443, "/"),
        ("https://1e100.net/", "1e100.net", 443, "/"),
        ("https://under_score.xn--mgbh0fb.example/", "under_score.xn--mgbh0fb.example", 443, "/"),
        ("https://93.184.215.14/x", "93.184.215.14", 443, "/x"),
        ("https://[2606:4700:4700::1111]/", "2606:4700:4700::1111", 443, "/"),
    ],
)
def test_allowed_addresses(url: str, host: str, port: int, path: str) -> None:
    target = target_of(url)
    assert (target.is_https, target.host, target.port, target.path) == (True, host, port, path)


@pytest.mark.parametrize(
    "address",
    [
        *("0.1.2.3", "10.1.2.3", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.0.1", "169.254.169.254"),
        *("172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1"),
        *("168.63.129.16", "192.0.0.192", "100.100.100.200", "fd00:ec2::254", "fd20:ce::254", "::a83f:8110"),
        *("::ffff:168.63.129.16", "::ffff:0:a83f:8110", "64:ff9b::a83f:8110", "2002:a83f:8110::1"),
        *("198.51.100.7", "203.0.113.9", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255"),
        *("::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1", "64:ff9b::808:808"),
        *("64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::", "2002:808:808::1", "3fff::1"),
        *("5f00::1", "fc00::1", "fd12:3456::1", "fe80::1", "fe80::1%1", "fec0::1", "ff02::1"),
    ],
)
def test_what_is_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "168.63.129.15", "168.63.129.17", "93.184.215.14", "100.63.255.255", "2606:4700:4700::1111"]
)
def test_what_is_public(address: str) -> None:
    assert is_public(ip_address(address))


def names(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """A resolver that gives these answers one after the other; returns the names that it was asked for."""
    asked: list[str] = []

    def fake(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        found = answers[min(len(asked), len(answers)) - 1]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    monkeypatch.setattr(socket, "getaddrinfo", fake)
    return asked


@pytest.mark.parametrize("inside", ["168.63.129.16", "169.254.169.254", "100.100.100.200", "fd00:ec2::254"])
def test_a_name_that_turns_to_a_clouds_own_address_is_refused_at_each_sending(
    monkeypatch: pytest.MonkeyPatch, inside: str
) -> None:
    names(monkeypatch, ["93.184.215.14"], [inside])
    target = target_of("https://till.example.com/")
    assert resolved(target) == ["93.184.215.14"]
    with pytest.raises(AddressRefused, match="private"):
        resolved(target)


def test_one_address_inside_refuses_the_whole_name(monkeypatch: pytest.MonkeyPatch) -> None:
    names(monkeypatch, ["93.184.215.14", "10.0.0.7"])
    with pytest.raises(AddressRefused, match="private"):
        resolved(target_of("https://till.example.com/"))


@pytest.mark.parametrize("host", ["0x7f.1", "2130706433.0", "127.1", "0177.0.0.1", "127.0.0.1"])
def test_odd_spellings_of_this_machine_are_judged_by_what_they_mean(host: str) -> None:
    with pytest.raises((AddressRefused, OSError)):
        resolved(Target(True, host, 443, "/"))


def test_this_machine_only_where_the_settings_say_so(settings: Any) -> None:
    settings.HOOKS_ALLOW_LOOPBACK = True
    assert resolved(target_of("http://127.0.0.1:8123/")) == ["127.0.0.1"]
    settings.IS_PRODUCTION = True
    with pytest.raises(AddressRefused):
        target_of("http://127.0.0.1:8123/")


def test_the_setting_opens_this_machine_and_nothing_else(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.HOOKS_ALLOW_LOOPBACK = True
    for url in ("http://10.0.0.1/", "http://example.com/", "https://192.168.0.1/"):
        with pytest.raises(AddressRefused):
            target_of(url)
    names(monkeypatch, ["127.0.0.1"])
    with pytest.raises(AddressRefused, match="private"):
        resolved(target_of("https://till.example.com/"))
