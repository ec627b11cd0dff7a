"""Which environment this is: production is named exactly."""

from __future__ import annotations

from django.core.exceptions import ImproperlyConfigured

KNOWN = ("local", "test", "production")


def known(name: str) -> str:
    """Raises ImproperlyConfigured: a misspelt production would open the simulator to everybody."""
    if name not in KNOWN:
        raise ImproperlyConfigured(
            f"SUFRAH_ENV names no environment that we know. Set it to one of {', '.join(KNOWN)}, in these very letters."
        )
    return name
