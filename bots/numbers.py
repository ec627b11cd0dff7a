"""One canonical form for phone numbers: E.164. Pure; the rules are those of `phonenumbers` (libphonenumber)."""

from __future__ import annotations

import phonenumbers

CHANNEL_PREFIX = "whatsapp:"


class InvalidNumber(ValueError):
    """The text is no phone number that can be called."""


def canonical(text: str, region: str = "SA") -> str:
    """`+9665…` from any usual spelling: prefixed or not, `00`, `+`, spaces, dashes, Arabic digits, national `05…`.

    Raises InvalidNumber.
    """
    bare = text.strip().removeprefix(CHANNEL_PREFIX).strip()
    numbers = [_parsed(spelling, region) for spelling in _spellings(bare)]
    for number in numbers:
        if number is not None and phonenumbers.is_valid_number(number):
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    # A range that was allocated after the tables were printed, if it is written with its country.
    if numbers[0] is not None and _is_international(bare) and _is_as_long_as_a_mobile(numbers[0]):
        return phonenumbers.format_number(numbers[0], phonenumbers.PhoneNumberFormat.E164)
    raise InvalidNumber("Invalid WhatsApp number format")


def _spellings(bare: str) -> tuple[str, ...]:
    """As written, then as an international number whose plus was forgotten or written as `00`."""
    digits = phonenumbers.normalize_digits_only(bare)
    return bare, f"+{digits.removeprefix('00')}"


def _parsed(text: str, region: str) -> phonenumbers.PhoneNumber | None:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    return None if number.extension else number


def _is_international(bare: str) -> bool:
    digits = phonenumbers.normalize_digits_only(bare)
    return bare.startswith(("+", "\uff0b")) or (digits.startswith("00") and not digits.startswith("000"))


def _is_as_long_as_a_mobile(number: phonenumbers.PhoneNumber) -> bool:
    is_possible = phonenumbers.is_possible_number_for_type(number, phonenumbers.PhoneNumberType.MOBILE)
    return is_possible and not number.italian_leading_zero


def addressed(number: str) -> str:
    """`whatsapp:+9665…`, the form of the API and of Twilio."""
    return f"{CHANNEL_PREFIX}{number}"


def for_people(number: str) -> str:
    """`+966 50 803 4010`; what is no number comes back as it is."""
    try:
        return phonenumbers.format_number(phonenumbers.parse(number), phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    except phonenumbers.NumberParseException:
        return number
