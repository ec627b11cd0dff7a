"""What a tap can mean beyond naming a thing: choices that give something away, and those that act at once."""

from __future__ import annotations

GIVES_UP = frozenset({"go:start_over", "go:cancel"})
"""The cart is gone after these."""

ACTS = GIVES_UP | {"go:checkout"}
"""With `confirm:…`, whose id changes with the order: rows that a number word ("only one") must never mean."""
