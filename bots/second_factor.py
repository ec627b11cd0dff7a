"""The second factor: a code from an app on the person's phone (TOTP, RFC 6238), asked for beside the password."""

from __future__ import annotations

from datetime import datetime, timedelta

import pyotp
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F

from bots.audit import note
from bots.models import SecondFactor

_STEP_SECONDS = 30
_MISSES = 5
_PAUSE = timedelta(minutes=15)


class AlreadyOn(Exception):
    """It is on; it is switched off before another one is set up."""


def is_on(person: User) -> bool:
    return SecondFactor.objects.filter(user=person, confirmed_at__isnull=False).exists()


def begin(person: User) -> str:
    """A fresh key, which counts for nothing until `confirm`; the address that the app scans (otpauth://…). Raises
    AlreadyOn."""
    with transaction.atomic(durable=True):
        SecondFactor.objects.filter(user=person, confirmed_at=None).delete()
        _row, is_new = SecondFactor.objects.get_or_create(user=person, defaults={"key": pyotp.random_base32()})
        if not is_new:
            raise AlreadyOn
    return address_of(person)


def address_of(person: User) -> str:
    """What the app scans, for a factor that is being set up. Raises SecondFactor.DoesNotExist."""
    row = SecondFactor.objects.get(user=person, confirmed_at=None)
    return pyotp.TOTP(row.key.reveal()).provisioning_uri(name=person.get_username(), issuer_name="Sufrah")


def confirm(person: User, code: str, *, at: datetime) -> bool:
    """On from here, if the code is right."""
    with transaction.atomic(durable=True):
        if not _used(person, code, at, is_on=False):
            return False
        SecondFactor.objects.filter(user=person).update(confirmed_at=at)
        note("second_factor.on", person, user=person, restaurant=None, changes={})
    return True


def passes(person: User, code: str, *, at: datetime) -> bool:
    """Whether this is the code of now, or of half a minute before or after, and was not used before."""
    return _used(person, code, at, is_on=True)


def switch_off(person: User, *, by: User) -> bool:
    """Returns False when it was off."""
    with transaction.atomic(durable=True):
        gone, _by_model = SecondFactor.objects.filter(user=person, confirmed_at__isnull=False).delete()
        if gone:
            note("second_factor.off", person, user=by, restaurant=None, changes={})
    return bool(gone)


def _used(person: User, code: str, at: datetime, *, is_on: bool) -> bool:
    """Who misses five times waits, whatever door the codes come through."""
    rows = SecondFactor.objects.filter(user=person, confirmed_at__isnull=not is_on)
    row = rows.first()
    if row is None or (row.misses >= _MISSES and row.missed_at and at - row.missed_at < _PAUSE):
        return False
    step = _step_of(row.key.reveal(), code, at)
    if step is not None and rows.filter(last_step__lt=step).update(last_step=step, misses=0):
        return True
    rows.update(misses=F("misses") + 1, missed_at=at)
    return False


def _step_of(key: str, code: str, at: datetime) -> int | None:
    totp, now = pyotp.TOTP(key), int(at.timestamp()) // _STEP_SECONDS
    digits = "".join(str(int(sign)) for sign in code if sign.isdecimal())
    steps = (step for step in (now, now - 1, now + 1) if pyotp.utils.strings_equal(totp.generate_otp(step), digits))
    return next(steps, None)
