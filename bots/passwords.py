"""Passwords: changed by oneself, or by a link that an owner passes on to somebody who has forgotten theirs."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.contrib.auth.tokens import default_token_generator
from django.db import transaction
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import gettext as _

from bots.audit import note
from bots.live import announce_rights
from bots.models import Membership


class PasswordRefused(Exception):
    """Why not, in words for people. Nothing was changed."""


def change_password(person: User, password: str) -> None:
    """From now on only the new one opens; whoever is signed in as this person elsewhere is signed out."""
    person.set_password(password)
    with transaction.atomic(durable=True):
        person.save(update_fields=["password"])
        note("user.password_changed", person, user=person, restaurant=None, changes={})
        announce_rights()


def password_link(member: Membership, *, by: User) -> dict[str, str]:
    """The `uidb64` and `token` of a link that opens once, for a day, and dies when the person signs in. Raises
    PasswordRefused for people who are not of this restaurant alone: their account is more than its owner's business."""
    person = member.user
    if not belongs_to_one(person):
        raise PasswordRefused(
            _("This person also works elsewhere, so only an operator of Sufrah can give them a new password.")
        )
    with transaction.atomic(durable=True):
        note("user.password_link", person, user=by, restaurant=member.restaurant, changes={})
    return {
        "uidb64": urlsafe_base64_encode(force_bytes(person.pk)),
        "token": default_token_generator.make_token(person),
    }


def belongs_to_one(person: User) -> bool:
    """Whether the person works for one restaurant and is no operator."""
    return person.is_active and not person.is_staff and Membership.objects.filter(user=person).count() == 1
