"""Passwords: changed by oneself, or by a link that an owner passes on to somebody who has forgotten theirs."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.contrib.auth.tokens import default_token_generator
from django.db import transaction
from django.http import Http404
from django.utils.translation import gettext as _

from bots.access import member_by_password_key, password_key
from bots.audit import Changes, note, one_call, speak_as
from bots.live import announce_rights
from bots.models import Membership


class PasswordRefused(Exception):
    """Why not, in words for people. Nothing was changed."""


def change_password(person: User, password: str, *, link_of: User | None = None) -> None:
    """From now on only the new one opens; whoever is signed in as this person elsewhere is signed out. `link_of` is
    who made the link that was used."""
    person.set_password(password)
    with transaction.atomic(durable=True):
        person.save(update_fields=["password"])
        by_link: Changes = {"link_made_by": [None, link_of.get_username()]} if link_of else {}
        note("user.password_changed", person, user=person, restaurant=None, changes=by_link)
        announce_rights()


def set_password_of(person: User, password: str | None, *, by: User | None) -> None:
    """For somebody else. With None no password opens any more."""
    person.set_password(password)
    with transaction.atomic(durable=True):
        person.save(update_fields=["password"])
        note("user.password_set", person, user=by, restaurant=None, changes={"usable": [None, password is not None]})
        announce_rights()


def note_made_by_command(action: str, person: User, *, command: str) -> None:
    """What somebody at the server's own keyboard did."""
    with one_call(), transaction.atomic(durable=True):
        speak_as(f"manage.py {command}")
        note(action, person, user=None, restaurant=None, changes={})


def password_link(member: Membership, *, by: User) -> dict[str, str]:
    """The `uidb64` and `token` of a link that opens once, for a day, and dies when the person signs in or its maker is
    no owner there any more. Raises PasswordRefused for people who are not of this restaurant alone: their account is
    more than its owner's business."""
    person = member.user
    if not belongs_to_one(person):
        raise PasswordRefused(
            _("This person also works elsewhere, so only an operator of Sufrah can give them a new password.")
        )
    maker = Membership.objects.get(restaurant=member.restaurant_id, user=by)
    with transaction.atomic(durable=True):
        note("user.password_link", person, user=by, restaurant=member.restaurant, changes={})
    return {
        "uidb64": password_key(member, maker),
        "token": default_token_generator.make_token(person),
    }


def person_and_maker(key: str) -> tuple[User, User] | None:
    """Whose password the link sets, and who made it; None when the maker has lost the right to, or the person has
    become more than this restaurant's."""
    try:
        member, maker = member_by_password_key(key)
    except Http404:
        return None
    return (member.user, maker) if belongs_to_one(member.user) else None


def belongs_to_one(person: User) -> bool:
    """Whether the person works for one restaurant and is no operator."""
    return person.is_active and not person.is_staff and Membership.objects.filter(user=person).count() == 1
