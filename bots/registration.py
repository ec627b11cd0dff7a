"""A sender is registered, changed and retired. Every change is in the audit log, without secrets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypedDict, Unpack, cast

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from bots.audit import Changes, changes, fields_of, note
from bots.live import announce
from bots.models import Bot, Restaurant
from bots.numbers import canonical
from bots.routing import bot_of
from bots.secrets import Secret
from bots.versions import version_at

KEPT_TOKENS = ("", "hidden")
_AUDITED = (
    "restaurant",
    "name",
    "whatsapp_number",
    "account_sid",
    "subaccount_sid",
    "auth_token",
    "sender_sid",
    "waba_id",
    "verification_sid",
    "status",
    "is_active",
    "verified_at",
    "error_message",
    "support_contact",
    "payment_link",
    "max_messages_per_min",
    "max_messages_per_day",
    "enforces_limits",
    "channel",
    "retired_at",
)
# What an answer of Twilio is about: with another value it is an answer about another sender.
ASKED_ABOUT = ("whatsapp_number", "account_sid", "subaccount_sid", "auth_token", "sender_sid", "waba_id", "channel")
HEALTH = ("health", "health_at", "health_lines")
_REQUIRED = ("name", "restaurant_name", "whatsapp_number", "account_sid", "auth_token")


class SenderFields(TypedDict, total=False):
    """What can be said about a sender. `whatsapp_number` in any usual spelling; `restaurant_name` also renames the
    restaurant that the sender has already."""

    restaurant: Restaurant
    restaurant_name: str
    name: str
    whatsapp_number: str
    account_sid: str
    subaccount_sid: str
    auth_token: str
    sender_sid: str
    waba_id: str
    verification_sid: str
    status: str
    is_active: bool
    verified_at: datetime | None
    error_message: str
    support_contact: str
    payment_link: str
    max_messages_per_min: int
    max_messages_per_day: int
    enforces_limits: bool


class SenderRefused(Exception):
    """Not possible with this sender; says why in the reader's language. Nothing has changed."""


class FieldsMissing(SenderRefused):
    def __init__(self, fields: list[str]) -> None:
        super().__init__(_("These fields are missing: %(fields)s.") % {"fields": ", ".join(fields)})
        self.fields = fields


class NumberTaken(SenderRefused):
    def __init__(self, number: str) -> None:
        super().__init__(_("Another sender already has the number %(number)s.") % {"number": number})
        self.number = number


class StaysWithRestaurant(SenderRefused):
    """A change of other fields hands a sender to nobody: `move` does, when that is what is meant."""


class HasConversations(SenderRefused):
    """Conversations stay with the restaurant that had them."""


class Retired(SenderRefused):
    """A retired sender is history."""


@dataclass(frozen=True, slots=True)
class Outcome:
    bot: Bot
    what: Literal["registered", "taken live", "changed", "unchanged"]
    fields: tuple[str, ...] = ()


def register(*, by: User | None, **fields: Unpack[SenderFields]) -> Bot:
    """A new sender at Twilio, with a new restaurant of that name unless `restaurant` is given. A demo sender of the
    same number is taken live with the real credentials: its menu, conversations and staff stay.

    Raises FieldsMissing, NumberTaken, InvalidNumber, and ValidationError for what a field cannot hold.
    """
    _refuse_missing(fields)
    number = canonical(fields["whatsapp_number"])
    with _unique(number), transaction.atomic(durable=True):
        demo = _demo_sender(number)
        if demo and fields.get("restaurant", demo.restaurant) == demo.restaurant:
            return _taken_live(demo, fields, by)
        if demo:
            _retire(demo, by)
        return _added(fields, by)


def change(bot: Bot, *, by: User | None, **fields: Unpack[SenderFields]) -> Changes:
    """Sets these fields; the stored token stays when the new one is empty or “hidden”. Returns what differs, in the
    form of the audit log. Raises like `register`, Retired, and StaysWithRestaurant when `restaurant` is another."""
    number = canonical(fields.get("whatsapp_number", bot.whatsapp_number))
    with _unique(number), transaction.atomic(durable=True):
        locked = _locked(bot)
        if fields.get("restaurant", locked.restaurant) != locked.restaurant:
            raise StaysWithRestaurant(
                _(
                    "A sender stays with its restaurant. Without conversations it can be moved, in the admin; "
                    "with them, retire it and register the number anew."
                )
            )
        changed = _applied(locked, fields, by, "sender.changed")
    bot.refresh_from_db()
    return changed


def move(bot: Bot, restaurant: Restaurant, *, by: User | None) -> Changes:
    """Hands a sender to another restaurant. Raises HasConversations and Retired; the lock keeps a first message
    waiting until one of the two restaurants has the sender for good."""
    with transaction.atomic(durable=True):
        locked = _locked(bot)
        if locked.conversations.exists():
            raise HasConversations(
                _(
                    "This sender has conversations, so it stays with its restaurant. "
                    "Retire it and register the number anew."
                )
            )
        former = locked.restaurant
        changed = _applied(locked, {"restaurant": restaurant}, by, "sender.moved")
        if changed:
            announce("bot.status", former, version_at(locked.updated_at), botId=locked.code)
    bot.refresh_from_db()
    return changed


def retire(bot: Bot, *, by: User | None) -> None:
    """Ends a sender: its number is free again and its conversations stay readable. Raises Retired the second time."""
    with transaction.atomic(durable=True):
        _retire(_locked(bot), by)
    bot.refresh_from_db()


def ensure(given: SenderFields, known: SenderFields, *, by: User | None) -> Outcome:
    """The sender of this number with the fields that are given, whether it is there already or not. `known` fills
    in a new one and never overwrites what people have changed since."""
    together: SenderFields = {**known, **given}
    bot = bot_of(together.get("whatsapp_number", ""))
    if bot is None or bot.channel == Bot.Channel.SIMULATOR:
        return Outcome(register(by=by, **together), "taken live" if bot else "registered")
    changed = change(bot, by=by, **given)
    return Outcome(bot, "changed" if changed else "unchanged", tuple(changed))


@contextmanager
def _unique(number: str) -> Iterator[None]:
    """The database has the last word on numbers, also between two that register the same one at once."""
    try:
        yield
    except IntegrityError as error:
        if "one_sender_a_number" not in str(error):
            raise
        raise NumberTaken(number) from error


def _refuse_missing(fields: SenderFields) -> None:
    given = {name for name, value in fields.items() if value and not (name == "auth_token" and value in KEPT_TOKENS)}
    if "restaurant" in given:
        given.add("restaurant_name")
    missing = [name for name in _REQUIRED if name not in given]
    if missing:
        raise FieldsMissing(missing)


def _demo_sender(number: str) -> Bot | None:
    live = Bot.objects.select_for_update(of=("self",)).filter(whatsapp_number=number, retired_at__isnull=True)
    bot = live.select_related("restaurant").first()
    if bot and bot.channel != Bot.Channel.SIMULATOR:
        raise NumberTaken(number)
    return bot


def _locked(bot: Bot) -> Bot:
    rows = Bot.objects.select_for_update(of=("self",)).select_related("restaurant")
    locked = rows.get(pk=bot.pk)
    if locked.retired_at:
        raise Retired(_("This sender is retired."))
    return locked


def _added(fields: SenderFields, by: User | None) -> Bot:
    restaurant = fields.get("restaurant") or _new_restaurant(fields, by)
    bot = Bot(restaurant=restaurant, auth_token="")
    _applied(bot, {**fields, "restaurant": restaurant}, by, "sender.registered")
    return bot


def _new_restaurant(fields: SenderFields, by: User | None) -> Restaurant:
    restaurant = Restaurant(name=fields["restaurant_name"].strip(), support_contact=fields.get("support_contact", ""))
    restaurant.full_clean()
    restaurant.save(force_insert=True)
    note("restaurant.made", restaurant.name, user=by, restaurant=restaurant, changes={})
    return restaurant


def _taken_live(demo: Bot, fields: SenderFields, by: User | None) -> Bot:
    demo.channel = Bot.Channel.TWILIO
    fresh: SenderFields = {"status": Bot.Status.ACTIVE, "is_active": True, "error_message": ""}
    _applied(demo, {**fresh, **fields}, by, "sender.taken_live")
    return demo


def _applied(bot: Bot, fields: SenderFields, by: User | None, action: str) -> Changes:
    """Sets, checks, stores and notes the fields."""
    before = fields_of(Bot.objects.select_related("restaurant").get(pk=bot.pk), _AUDITED) if bot.pk else {}
    _set(bot, fields)
    bot.clean_fields()
    changed = changes(before, fields_of(bot, _AUDITED))
    if changed.keys() & set(ASKED_ABOUT):
        bot.health, bot.health_at, bot.health_lines = Bot.Health.UNKNOWN, None, []
        bot.verified_at = fields.get("verified_at")
        changed = changes(before, fields_of(bot, _AUDITED))
    if changed:
        bot.save(update_fields=[*changed, *HEALTH, "updated_at"] if bot.pk else None)
    changed |= _renamed(bot.restaurant, fields.get("restaurant_name", ""))
    if changed:
        note(action, bot, user=by, restaurant=bot.restaurant, changes=changed)
        _announce(bot)
    return changed


def _set(bot: Bot, fields: SenderFields) -> None:
    """A limit that somebody sets holds from then on, unless they say that it shall not."""
    limits = (bot.max_messages_per_min, bot.max_messages_per_day)
    for name, value in fields.items():
        if name == "restaurant_name" or (name == "auth_token" and value in KEPT_TOKENS):
            continue
        setattr(bot, name, value.strip() if isinstance(value, str) else value)
    if "enforces_limits" not in fields and (bot.max_messages_per_min, bot.max_messages_per_day) != limits:
        bot.enforces_limits = True
    bot.whatsapp_number = canonical(bot.whatsapp_number)
    bot.auth_token = cast(Secret, bot._meta.get_field("auth_token").to_python(bot.auth_token))


def _renamed(restaurant: Restaurant, name: str) -> Changes:
    name, before = name.strip(), restaurant.name
    if not name or name == before:
        return {}
    restaurant.name = name
    restaurant.full_clean()
    restaurant.save(update_fields=["name", "updated_at"])
    return {"restaurant_name": [before, name]}


def _retire(bot: Bot, by: User | None) -> None:
    before = fields_of(bot, _AUDITED)
    bot.retired_at, bot.is_active = timezone.now(), False
    bot.save(update_fields=["retired_at", "is_active", "updated_at"])
    changed = changes(before, fields_of(bot, _AUDITED))
    note("sender.retired", bot, user=by, restaurant=bot.restaurant, changes=changed)
    _announce(bot)


def _announce(bot: Bot) -> None:
    announce("bot.status", bot.restaurant, version_at(bot.updated_at), botId=bot.code)
