"""Where a webhook may go: https to the public internet. Everything else could reach into our own network."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from django.conf import settings

from bots.hooks.models import URL_LENGTH

PORTS = (443, 8443)
Address = IPv4Address | IPv6Address
# What `is_global` lets pass or judges differently from one Python to the next: ways to an IPv4 address inside
# (NAT64 RFC 6052 and RFC 8215, 6to4 RFC 3056 with its relays, Teredo RFC 4380), segment routing, site-local
# (RFC 3879), examples; and a public address that means the host within Azure ("What is IP address 168.63.129.16?",
# learn.microsoft.com). The other clouds' metadata have addresses that are not global.
_REFUSED = tuple(
    map(
        ip_network,
        (
            *("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/23", "5f00::/16", "3fff::/20"),
            *("fec0::/10", "192.88.99.0/24", "192.0.0.0/24", "100.64.0.0/10", "168.63.129.16/32"),
        ),
    )
)
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
# The last part begins with a letter, or the resolver would read a number in an odd spelling: 127.1, 0x7f.0.0.1.
_NAME = re.compile(rf"(?:{_LABEL}\.)+[a-z][a-z0-9-]{{0,61}}[a-z0-9]")
# Names that mean one's own network: RFC 6761, RFC 6762, RFC 8375, and what ICANN set aside in 2024.
_INSIDE = (".localhost", ".local", ".home.arpa", ".internal")


class AddressRefused(ValueError):
    """A webhook may not go there; `reason` is one of scheme, credentials, port, host, private, form."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Target:
    """Where the parts of an address lead; `path` comes with the query."""

    is_https: bool
    host: str
    port: int
    path: str


def target_of(url: str) -> Target:
    """The parts of an address that may be named. Raises AddressRefused. Where its host leads is `resolved`'s."""
    if len(url) > URL_LENGTH or not re.fullmatch(r"[\x21-\x7e]+", url) or "\\" in url:
        raise AddressRefused("form")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise AddressRefused("form") from error
    if parts.username is not None or parts.password is not None:
        raise AddressRefused("credentials")
    if parts.fragment or "#" in url:
        raise AddressRefused("form")
    https = parts.scheme == "https"
    _check(parts.scheme, host, port)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(https, host, port or (443 if https else 80), path)


def resolved(target: Target) -> list[str]:
    """The addresses of the host, asked once; the connection is made to these and to no name. Raises AddressRefused
    when any of them is inside, and OSError when there are none."""
    found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    allowed = _is_loopback if _is_named_here(target.host) else is_public
    if not addresses or not all(allowed(ip_address(address)) for address in addresses):
        raise AddressRefused("private")
    return addresses


def is_public(address: Address) -> bool:
    """Whether the whole internet can reach it as it is: no IPv4 hidden in IPv6, nothing special."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return False
    special = address.is_multicast or address.is_reserved or not address.is_global
    return not special and not any(address in network for network in _REFUSED if network.version == address.version)


def _check(scheme: str, host: str, port: int | None) -> None:
    if not host:
        raise AddressRefused("host")
    if scheme in ("http", "https") and _is_named_here(host):
        return
    if scheme != "https":
        raise AddressRefused("scheme")
    if port not in (None, *PORTS):
        raise AddressRefused("port")
    literal = _literal(host)
    if literal is None and (not _NAME.fullmatch(host) or host.endswith(_INSIDE)):
        raise AddressRefused("host")
    if literal is not None and not is_public(literal):
        raise AddressRefused("private")


def _is_named_here(host: str) -> bool:
    """This machine by name or number, where the settings allow it, which production's never do."""
    literal = _literal(host)
    here = host == "localhost" or (literal is not None and literal.is_loopback)
    return here and settings.HOOKS_ALLOW_LOOPBACK and not settings.IS_PRODUCTION


def _is_loopback(address: Address) -> bool:
    return address.is_loopback


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
