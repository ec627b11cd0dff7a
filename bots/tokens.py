"""Keys for other systems: shown once, stored as digests."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction

from bots.models import ApiToken, Restaurant

PREFIX = "sfr_"


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who a token speaks for: one restaurant, or with None the operator."""

    restaurant_id: int | None
    may_write: bool
    token_id: int | None = None

    @property
    def is_operator(self) -> bool:
        return self.restaurant_id is None


def digest_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def create_token(
    name: str, restaurant: Restaurant | None, scope: str, user: User | None = None
) -> tuple[ApiToken, str]:
    """A new token and its plain text, which nobody can show again."""
    plain = PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic(durable=True):
        row = ApiToken.objects.create(
            name=name,
            digest=digest_of(plain),
            prefix=plain[:10],
            restaurant=restaurant,
            scope=scope,
            created_by=user,
        )
    return row, plain


def bearer_of(token: str) -> Bearer | None:
    """Whom this token speaks for; None for an unknown or revoked one."""
    fixed = settings.DASHBOARD_PAT
    if fixed and secrets.compare_digest(token.encode(), fixed.encode()):
        return Bearer(restaurant_id=None, may_write=True)
    row = ApiToken.objects.filter(digest=digest_of(token), revoked_at__isnull=True).first()
    if row is None:
        return None
    return Bearer(row.restaurant_id, row.scope == ApiToken.Scope.WRITE, row.pk)
