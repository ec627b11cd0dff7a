"""Which conversations are meant: by what waits in them, who has them, and part of a name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Q

from bots.models import Membership, Restaurant
from conversations.threads import naming

NOBODY = "none"


def chosen_by(restaurant: Restaurant, query: Mapping[str, Any]) -> Q:
    """`status`, `unread`, `needsPerson`, `assignee` (a member's code, or “none”), `search`; what is absent chooses
    nothing. A code that is nobody's here, or another restaurant's, is nobody's conversation."""
    meant = naming(query.get("search", ""))
    if query.get("status"):
        meant &= Q(status=query["status"])
    if "unread" in query:
        meant &= Q(unread_count__gt=0) if query["unread"] == "true" else Q(unread_count=0)
    if "needsPerson" in query:
        meant &= Q(needs_attention=query["needsPerson"] == "true")
    return meant & _of(restaurant, query["assignee"]) if query.get("assignee") else meant


def _of(restaurant: Restaurant, code: str) -> Q:
    if code == NOBODY:
        return Q(assigned_to=None)
    return Q(assigned_to__in=Membership.objects.filter(restaurant=restaurant, code=code).values("user_id"))
