"""What is still to be done for a new sender, in the order of doing it."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from bots.access import open_invitations
from bots.comparison import kept_lines, wanted
from bots.models import Bot, Membership
from bots.needs import SENDER, known, lacks_of


@dataclass(frozen=True, slots=True)
class Step:
    """`url` is opened, or posted to where it `asks_twilio`."""

    words: str
    button: str
    url: str
    is_done: bool
    more: str = ""
    asks_twilio: bool = False


def steps_of(bot: Bot) -> list[Step]:
    """Empty once all is done. The row was asked `with_needs`."""
    steps = [*_at_twilio(bot), *_needed(bot), _first_owner(bot)]
    return [] if all(step.is_done for step in steps) else steps


def _at_twilio(bot: Bot) -> list[Step]:
    """A demo sender has no account there."""
    if bot.channel == Bot.Channel.SIMULATOR:
        return []
    calls_us = bot.health_at is not None and not {line.what for line in kept_lines(bot)} & set(wanted())
    place = {name: reverse(f"admin:bots_bot_{name}", args=[bot.pk]) for name in ("verify", "webhooks")}
    verified = bot.verified_at is not None and bot.status == Bot.Status.ACTIVE
    return [
        Step(_("Twilio knows the sender by this account and token"), _("Verify"), place["verify"], verified, "", True),
        Step(_("Twilio calls our addresses"), _("Set webhooks"), place["webhooks"], calls_us, "", True),
    ]


def _needed(bot: Bot) -> list[Step]:
    lacking = lacks_of(bot)
    words = {"menu": _("The menu has something to order"), "branch": _("A branch is open")}
    return [
        Step(
            words.get(need.name, str(need.step)),
            str(need.step),
            f"{reverse(need.place)}?restaurant={bot.restaurant_id}",
            need not in lacking,
        )
        for need in known()
        if need is not SENDER
    ]


def _first_owner(bot: Bot) -> Step:
    owners = Membership.objects.filter(
        restaurant=bot.restaurant_id, role=Membership.Role.OWNER, user__is_active=True
    ).exists()
    waits = not owners and open_invitations(timezone.now()).filter(restaurant=bot.restaurant_id).exists()
    url = f"{reverse('admin:bots_invitation_add')}?restaurant={bot.restaurant_id}"
    more = _("An invitation is on its way.") if waits else ""
    return Step(_("An owner works here"), _("Invite the first owner"), url, owners, more)
