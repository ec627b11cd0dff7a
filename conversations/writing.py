"""WhatsApp's way of writing, as HTML: *bold*, _italic_, ~struck~, ```typed``` and links. Everything else is escaped."""

from __future__ import annotations

import re

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

_TYPED = re.compile(r"```(.+?)```", re.DOTALL)
_LINK = re.compile(r"https?://[^\s<>&\"']+(?:&amp;[^\s<>&\"']+)*")
_STYLES = tuple(
    (re.compile(rf"(?<![\w{sign}]){sign}(?=\S)([^\n{sign}]*\S){sign}(?![\w{sign}])"), tag)
    for sign, tag in ((r"\*", "strong"), ("_", "em"), ("~", "s"))
)
# What a page cannot show: C0 controls but tab and line feed; PostgreSQL never stores NUL.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def formatted(text: str) -> SafeString:
    """Safe HTML; line breaks are left to CSS (`white-space: pre-wrap`)."""
    clean = escape(_CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n")))
    html, last = [], 0
    for link in _LINK.finditer(clean):
        address = link.group()
        html.append(_styled(clean[last : link.start()]))
        html.append(f'<a href="{address}" target="_blank" rel="noopener noreferrer">{address}</a>')
        last = link.end()
    html.append(_styled(clean[last:]))
    return mark_safe("".join(html))  # noqa: S308 (escaped above; only our own tags are added)


def _styled(escaped: str) -> str:
    for pattern, tag in _STYLES:
        escaped = pattern.sub(rf"<{tag}>\1</{tag}>", escaped)
    return _TYPED.sub(r"<code>\1</code>", escaped)
