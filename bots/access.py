"""The gatekeepers: an id from outside becomes an object here or nowhere. “Not yours” and “not there” are both 404."""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar
from uuid import UUID

from django.contrib.auth.models import AnonymousUser, User
from django.core.signing import BadSignature, Signer
from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.http import Http404

from bots.models import Bot, HookDelivery, HookEndpoint, Invitation, Membership, Restaurant

M = TypeVar("M", bound=Model)


def as_code(text: object) -> UUID:
    """A public code. Raises Http404 for what cannot be one."""
    try:
        return text if isinstance(text, UUID) else UUID(str(text))
    except ValueError as error:
        raise Http404 from error


def found(rows: QuerySet[M], code: object) -> M:
    """The row of this code among these rows. Raises Http404."""
    row = rows.filter(code=as_code(code)).first()
    if row is None:
        raise Http404
    return row


def restaurants_of(user: User | AnonymousUser) -> QuerySet[Restaurant]:
    """Those that this person works for. Operators work in the admin; here they see what they are a member of."""
    if not user.is_authenticated or not user.is_active:
        return Restaurant.objects.none()
    return Restaurant.objects.filter(memberships__user_id=user.pk, is_active=True)


def restaurant_for(user: User | AnonymousUser, code: object) -> Restaurant:
    return found(restaurants_of(user), code)


def role_in(user: User | AnonymousUser, restaurant: Restaurant) -> str | None:
    """owner, manager, agent, or None for a stranger."""
    if not user.is_authenticated:
        return None
    return Membership.objects.filter(user_id=user.pk, restaurant=restaurant).values_list("role", flat=True).first()


def may_change_account(by: User | AnonymousUser, person: User) -> bool:
    """Whoever holds another's password, address or second factor has their rights: so superusers change everybody,
    other operators themselves and people who are no operators."""
    if not isinstance(by, User) or not by.is_active:
        return False
    return by.is_superuser or not (person.is_superuser or (person.is_staff and person.pk != by.pk))


def members_of(restaurant: Restaurant) -> QuerySet[Membership]:
    """Who works here and can sign in."""
    return Membership.objects.filter(restaurant=restaurant, user__is_active=True)


def member_in(restaurant: Restaurant, code: object) -> Membership:
    return found(Membership.objects.filter(restaurant=restaurant).select_related("user"), code)


def open_invitations(at: datetime) -> QuerySet[Invitation]:
    """Those that still let somebody in: of people who are gone, or may invite here no more, none."""
    owners = Membership.objects.filter(
        user=OuterRef("created_by"), restaurant=OuterRef("restaurant"), role=Membership.Role.OWNER
    )
    return Invitation.objects.filter(
        Exists(owners) | Q(created_by__is_staff=True),
        accepted_at=None,
        revoked_at=None,
        expires_at__gt=at,
        restaurant__is_active=True,
        created_by__is_active=True,
    ).select_related("restaurant")


def invitation_in(restaurant: Restaurant, code: object, at: datetime) -> Invitation:
    return found(open_invitations(at).filter(restaurant=restaurant), code)


def key_of(invitation: Invitation) -> str:
    """What a link carries: the code, signed with SECRET_KEY."""
    return _signer().sign(invitation.code.hex)


def invitation_by(key: str, at: datetime) -> Invitation:
    """The open invitation of this key. Raises Http404 for a forged, used, withdrawn or old one."""
    try:
        return found(open_invitations(at), _signer().unsign(key))
    except BadSignature as error:
        raise Http404 from error


def _signer(of: str = "invitation") -> Signer:
    return Signer(sep=".", salt=f"bots.{of}")


def password_key(member: Membership, maker: Membership) -> str:
    """What a link for a new password carries: for whom it is, and by which right it was made."""
    return _signer("password").sign(f"{member.code.hex}-{maker.code.hex}")


def member_by_password_key(key: str) -> tuple[Membership, User]:
    """For whom the link is and who made it, while the one works there and the other still is an owner. Raises Http404
    for a forged key and for one whose maker has lost the right."""
    try:
        code, _, made_by = _signer("password").unsign(key).partition("-")
    except BadSignature as error:
        raise Http404 from error
    there = Membership.objects.filter(restaurant__is_active=True).select_related("user")
    maker = found(there.filter(role=Membership.Role.OWNER, user__is_active=True), made_by)
    return found(there.filter(restaurant=maker.restaurant_id), code), maker.user


def bot_for(user: User | AnonymousUser, code: object) -> Bot:
    return found(Bot.objects.filter(restaurant__in=restaurants_of(user)), code)


def any_restaurant(code: object) -> Restaurant:
    """For operators alone: whoever calls has made sure of that."""
    return found(Restaurant.objects.all(), code)


def any_bot(code: object) -> Bot:
    """For operators alone. A retired sender is not there any more."""
    return found(Bot.objects.filter(retired_at__isnull=True).select_related("restaurant"), code)


def bots_in(restaurant: Restaurant) -> QuerySet[Bot]:
    """The restaurant's senders that are not retired; whoever calls has made sure of the restaurant."""
    return Bot.objects.filter(restaurant=restaurant, retired_at__isnull=True)


def hook_in(restaurant: Restaurant, code: object) -> HookEndpoint:
    return found(HookEndpoint.objects.filter(restaurant=restaurant).select_related("restaurant"), code)


def hook_delivery_in(restaurant: Restaurant, code: object) -> HookDelivery:
    rows = HookDelivery.objects.filter(endpoint__restaurant=restaurant)
    return found(rows.select_related("endpoint__restaurant"), code)
