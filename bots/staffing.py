"""A restaurant's own people: invited, given roles, removed; and sessions ended."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from bots.audit import Changes, note
from bots.live import announce_rights
from bots.models import Invitation, Membership, Restaurant
from bots.sign_in.sessions import end_sessions

OPEN_FOR = timedelta(days=7)


class StaffingRefused(Exception):
    """Why not, in words for people. Nothing was changed."""


def invite(restaurant: Restaurant, email: str, role: str, *, by: User, at: datetime) -> Invitation:
    """Open for a week. One for the same address that is still open is withdrawn. Raises StaffingRefused."""
    email = email.strip().lower()
    with transaction.atomic(durable=True):
        _lock(restaurant)
        if Membership.objects.filter(restaurant=restaurant, user__email__iexact=email).exists():
            raise StaffingRefused(_("This person works here already."))
        _withdraw(restaurant, email, at)
        invitation = Invitation.objects.create(
            restaurant=restaurant, email=email, role=role, created_by=by, created_at=at, expires_at=at + OPEN_FOR
        )
        note("invitation.made", invitation, user=by, restaurant=restaurant, changes={"role": [None, role]})
    return invitation


def withdraw(invitation: Invitation, *, by: User, at: datetime) -> bool:
    """Its link opens nothing any more. Returns False when it was used or withdrawn meanwhile."""
    with transaction.atomic(durable=True):
        waiting = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, revoked_at=None)
        if not waiting.update(revoked_at=at):
            return False
        note("invitation.revoked", invitation, user=by, restaurant=invitation.restaurant, changes={})
    return True


def join(invitation: Invitation, person: User, *, at: datetime) -> Membership:
    """The person, who is saved with it when new, works here from now on. Raises StaffingRefused when the invitation
    was used meanwhile, the person works here already, or the user name was taken meanwhile."""
    try:
        with transaction.atomic(durable=True):
            return _joined(invitation, person, at)
    except IntegrityError as error:
        raise StaffingRefused(_("This user name is taken, or this person works here already.")) from error


def _joined(invitation: Invitation, person: User, at: datetime) -> Membership:
    waiting = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, revoked_at=None, expires_at__gt=at)
    if not waiting.update(accepted_at=at):
        raise StaffingRefused(_("This invitation was used or withdrawn."))
    if person._state.adding:
        person.save(force_insert=True)
    member = Membership.objects.create(user=person, restaurant=invitation.restaurant, role=invitation.role)
    changes: Changes = {"role": [None, invitation.role], "email": [None, invitation.email]}
    note("invitation.accepted", member, user=person, restaurant=invitation.restaurant, changes=changes)
    return member


def change_role(member: Membership, role: str, *, by: User) -> None:
    """Raises StaffingRefused for the last owner."""
    with transaction.atomic(durable=True):
        before = _locked_role(member)
        if before in (None, role):
            return
        _keep_an_owner(member, before)
        Membership.objects.filter(pk=member.pk).update(role=role)
        note("membership.changed", member, user=by, restaurant=member.restaurant, changes={"role": [before, role]})


def remove(member: Membership, *, by: User) -> None:
    """From now on nothing of the restaurant is theirs to see. Raises StaffingRefused for the last owner."""
    with transaction.atomic(durable=True):
        before = _locked_role(member)
        if before is None:
            return
        _keep_an_owner(member, before)
        note("membership.deleted", member, user=by, restaurant=member.restaurant, changes={"role": [before, None]})
        Membership.objects.filter(pk=member.pk).delete()
        announce_rights()


def sign_out_everywhere(person: User, *, by: User | None, but: str | None = None) -> int:
    """Ends all sessions of the person, `but` the one with this key, and returns how many there were."""
    with transaction.atomic(durable=True):
        ended = end_sessions(person.pk, but=but)
        if ended:
            note("user.signed_out", person, user=by, restaurant=None, changes={"sessions": [ended, 0]})
        announce_rights()
    return ended


def _lock(restaurant: Restaurant) -> None:
    """One change of a team at a time: two owners who demote each other at once must not leave none."""
    Restaurant.objects.select_for_update(no_key=True).only("pk").get(pk=restaurant.pk)


def _locked_role(member: Membership) -> str | None:
    """None for somebody who was removed meanwhile."""
    _lock(member.restaurant)
    return Membership.objects.filter(pk=member.pk).values_list("role", flat=True).first()


def _keep_an_owner(member: Membership, role: str) -> None:
    owners = Membership.objects.filter(restaurant=member.restaurant, role=Membership.Role.OWNER, user__is_active=True)
    if role == Membership.Role.OWNER and not owners.exclude(pk=member.pk).exists():
        raise StaffingRefused(_("A restaurant keeps at least one owner. Make somebody else an owner first."))


def _withdraw(restaurant: Restaurant, email: str, at: datetime) -> None:
    waiting = Invitation.objects.filter(restaurant=restaurant, email=email, accepted_at=None, revoked_at=None)
    waiting.update(revoked_at=at)
