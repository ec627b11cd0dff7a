"""The second factor: a code from an app on the person's phone (TOTP, RFC 6238), asked for beside the password. Where
the app is lost, one of ten recovery codes opens, once each."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyotp
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Max

from bots.audit import note
from bots.models import RecoveryCode, SecondFactor

_STEP_SECONDS = 30
_MISSES = 5
_PAUSE = timedelta(minutes=15)
_CODES, _DIGITS = 10, 20


class AlreadyOn(Exception):
    """It is on; it is switched off before another one is set up."""


class OnlyWithACode(Exception):
    """Nobody, operators neither, switches their own off without a code."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """How many recovery codes still open, and when one last did."""

    left: int
    last_used_at: datetime | None


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


def key_in(address: str) -> str:
    """The key of such an address in groups of four, for who types it into the app."""
    key = pyotp.parse_uri(address).secret
    return " ".join(key[place : place + 4] for place in range(0, len(key), 4))


def confirm(person: User, code: str, *, at: datetime) -> list[str]:
    """On from here, if the code is right: the recovery codes, which nobody can show again. Else none."""
    with transaction.atomic(durable=True):
        row = _used(person, code, at, is_on=False)
        if row is None:
            return []
        SecondFactor.objects.filter(pk=row.pk).update(confirmed_at=at)
        note("second_factor.on", person, user=person, restaurant=None, changes={})
        return _fresh_codes(row)


def passes(person: User, code: str, *, at: datetime) -> bool:
    """Whether this is the code of now, or of half a minute before or after, or a recovery code, and was not used
    before."""
    with transaction.atomic(durable=True):
        return _used(person, code, at, is_on=True) is not None


def new_recovery_codes(person: User, code: str, *, at: datetime) -> list[str]:
    """Ten fresh ones, if the code is right, and those of before open nothing any more. Else none."""
    with transaction.atomic(durable=True):
        row = _used(person, code, at, is_on=True)
        if row is None:
            return []
        row.recovery_codes.all().delete()
        note("second_factor.new_recovery_codes", person, user=person, restaurant=None, changes={})
        return _fresh_codes(row)


def recovery_of(person: User) -> Recovery:
    codes = RecoveryCode.objects.filter(factor__user=person)
    last = codes.aggregate(last=Max("used_at"))["last"]
    return Recovery(codes.filter(used_at=None).count(), last)


def end_own(person: User, code: str, *, at: datetime) -> bool:
    """Off, if the code is right."""
    with transaction.atomic(durable=True):
        row = _used(person, code, at, is_on=True)
        if row is None:
            return False
        _end(row, by=person)
    return True


def switch_off(person: User, *, by: User | None) -> bool:
    """For somebody else, whose phone is lost; `by` is None for a command. Returns False when it was off. Raises
    OnlyWithACode."""
    if by == person:
        raise OnlyWithACode
    with transaction.atomic(durable=True):
        row = SecondFactor.objects.select_for_update().filter(user=person, confirmed_at__isnull=False).first()
        if row is None:
            return False
        _end(row, by=by)
    return True


def _end(row: SecondFactor, *, by: User | None) -> None:
    row.delete()
    note("second_factor.off", row.user, user=by, restaurant=None, changes={})


def _used(person: User, code: str, at: datetime, *, is_on: bool) -> SecondFactor | None:
    """The factor, which stays locked, if the code opens it. Who misses five times waits, whatever door the codes come
    through; guesses at the same moment come one after the other here, and each counts."""
    rows = SecondFactor.objects.select_for_update().filter(user=person, confirmed_at__isnull=not is_on)
    row = rows.first()
    if row is None or (row.misses >= _MISSES and row.missed_at and at - row.missed_at < _PAUSE):
        return None
    digits = "".join(str(int(sign)) for sign in code if sign.isdecimal())
    step = _step_of(row.key.reveal(), digits, at)
    if step is not None and row.last_step < step:
        row.last_step, row.misses = step, 0
    elif _spent(row, digits, at):
        row.misses = 0
    else:
        row.misses, row.missed_at = row.misses + 1, at
    row.save(update_fields=["last_step", "misses", "missed_at"])
    return None if row.misses else row


def _step_of(key: str, digits: str, at: datetime) -> int | None:
    totp, now = pyotp.TOTP(key), int(at.timestamp()) // _STEP_SECONDS
    steps = (step for step in (now, now - 1, now + 1) if pyotp.utils.strings_equal(totp.generate_otp(step), digits))
    return next(steps, None)


def _spent(row: SecondFactor, digits: str, at: datetime) -> bool:
    """Uses up the recovery code of these digits, if there is one."""
    if not row.confirmed_at or not row.recovery_codes.filter(digest=_digest(digits), used_at=None).update(used_at=at):
        return False
    left = row.recovery_codes.filter(used_at=None).count()
    note(
        "second_factor.recovery_code_used",
        row.user,
        user=row.user,
        restaurant=None,
        changes={"left": [left + 1, left]},
    )
    return True


def _fresh_codes(row: SecondFactor) -> list[str]:
    """Digits alone, which every phone's keyboard for codes has: 66 random bits each, shown in groups of four."""
    made = ["".join(secrets.choice("0123456789") for _ in range(_DIGITS)) for _ in range(_CODES)]
    RecoveryCode.objects.bulk_create(RecoveryCode(factor=row, digest=_digest(code)) for code in made)
    return ["-".join(code[place : place + 4] for place in range(0, _DIGITS, 4)) for code in made]


def _digest(digits: str) -> str:
    return hashlib.sha256(digits.encode()).hexdigest()
