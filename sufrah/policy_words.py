"""What a browser may load and run on our pages. Sources: Content Security Policy Level 3 (W3C)."""

from __future__ import annotations

from urllib.parse import urlsplit

from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE

MORE_IN_THE_ADMIN = {"script-src": [UNSAFE_EVAL], "style-src": [UNSAFE_INLINE]}
"""Its theme runs on Alpine, which compiles what stands in attributes, and writes its colours into the page."""


def of_pages(public_base_url: str) -> dict[str, list[str]]:
    """What is our own, and nothing that stands inline. Icons that a drawing refers to fall under default-src in some
    browsers; older Safaris do not count the socket to 'self'."""
    socket = urlsplit(public_base_url)._replace(path="").geturl().replace("http", "ws", 1)
    return {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF, socket],
        "object-src": [NONE],
        "frame-src": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
        "base-uri": [NONE],
    }
