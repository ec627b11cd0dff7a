"""Keys for other systems: shown once, stored as digests."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from bots.audit import note
from bots.live import announce_rights
from bots.models import ApiToken, Restaurant

PREFIX = "sfr_"
_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who a token speaks for: one restaurant, or with None the operator. By its name it stands in the audit log."""

    restaurant: Restaurant | None
    may_write: bool
    token_id: int | None = None
    name: str = "DASHBOARD_PAT"

    @property
    def restaurant_id(self) -> int | None:
        return self.restaurant.pk if self.restaurant else None

    @property
    def is_operator(self) -> bool:
        return self.restaurant is None

    @property
    def owner(self) -> str:
        """The name under which calls are counted and remembered; the fixed token has no row."""
        return f"token:{self.token_id}" if self.token_id else "fixed"


def digest_of(token: str) -> str:
    # A socket's frame may carry half a surrogate pair, which is no reason to fall over.
    return hashlib.sha256(_bytes(token)).hexdigest()


def create_token(
    name: str, restaurant: Restaurant | None, scope: str, user: User | None = None
) -> tuple[ApiToken, str]:
    """A new token and its plain text, which nobody can show again. Raises ValidationError for a name or scope that
    cannot be."""
    plain = PREFIX + secrets.token_urlsafe(32)
    row = ApiToken(
        name=name.strip(),
        digest=digest_of(plain),
        prefix=plain[:10],
        restaurant=restaurant,
        scope=scope,
        created_by=user,
    )
    row.full_clean()
    with transaction.atomic(durable=True):
        row.save(force_insert=True)
        note("token.made", row, user=user, restaurant=restaurant, changes={"scope": [None, scope]})
    return row, plain


def revoke_token(token: ApiToken, *, by: User | None, at: datetime) -> bool:
    """From now on nobody comes in with it. Returns False when it was revoked before."""
    with transaction.atomic(durable=True):
        if not ApiToken.objects.filter(pk=token.pk, revoked_at__isnull=True).update(revoked_at=at):
            return False
        token.revoked_at = at
        note("token.revoked", token, user=by, restaurant=token.restaurant, changes={})
        announce_rights()
    return True


def bearer_of(token: str) -> Bearer | None:
    """Whom this token speaks for; None for an unknown or revoked one. Its use is noted, once a minute at most."""
    fixed = settings.DASHBOARD_PAT
    if fixed and secrets.compare_digest(_bytes(token), _bytes(fixed)):
        return Bearer(restaurant=None, may_write=True)
    rows = ApiToken.objects.select_related("restaurant")
    row = rows.filter(digest=digest_of(token), revoked_at__isnull=True).first()
    if row is None:
        return None
    _note_use(row, timezone.now())
    return Bearer(row.restaurant, row.scope == ApiToken.Scope.WRITE, row.pk, str(row))


def _bytes(token: str) -> bytes:
    return token.encode(errors="surrogatepass")


def _note_use(row: ApiToken, at: datetime) -> None:
    if row.last_used_at and at - row.last_used_at < _NOTED_EVERY:
        return
    stale = Q(last_used_at__isnull=True) | Q(last_used_at__lte=at - _NOTED_EVERY)
    ApiToken.objects.filter(stale, pk=row.pk).update(last_used_at=at)
