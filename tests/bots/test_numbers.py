"""Phone numbers, in every spelling that people use."""

import pytest

from bots.numbers import InvalidNumber, addressed, canonical, for_people


@pytest.mark.parametrize(
    "spelling",
    [
        "whatsapp:+966508034010",
        "+966508034010",
        "00966508034010",
        "966508034010",
        "0508034010",
        "508034010",
        "+966 50 803 4010",
        "050-803-4010",
        "٠٥٠٨٠٣٤٠١٠",
        "+٩٦٦٥٠٨٠٣٤٠١٠",
        "  whatsapp: +966 (50) 8034010 ",
    ],
)
def test_every_usual_spelling_is_one_number(spelling: str) -> None:
    assert canonical(spelling) == "+966508034010"


@pytest.mark.parametrize("nonsense", ["", "abc", "12", "whatsapp:", "+9665080340100000", "+966508034010 ext 5", "\x00"])
def test_what_is_no_number_is_refused(nonsense: str) -> None:
    with pytest.raises(InvalidNumber):
        canonical(nonsense)


@pytest.mark.parametrize("spelling", ["+966520000000", "00966 52 000 0000", "whatsapp:+966520000000"])
def test_a_range_that_is_newer_than_the_tables(spelling: str) -> None:
    assert canonical(spelling) == "+966520000000"


@pytest.mark.parametrize(
    "guess",
    [
        "0520000000",
        "520000000",
        "966520000000",
        "+96652000000",
        "+9665200000000",
        "+999",
        "0000000000",
        "+966000000000",
    ],
)
def test_a_number_outside_the_tables_needs_its_country_and_its_length(guess: str) -> None:
    with pytest.raises(InvalidNumber):
        canonical(guess)


def test_a_foreign_number_stays_foreign() -> None:
    assert canonical("+14155238886") == "+14155238886"
    assert canonical("whatsapp:14155238886") == "+14155238886"


def test_shown_forms() -> None:
    assert addressed("+966508034010") == "whatsapp:+966508034010"
    assert for_people("+966508034010") == "+966 50 803 4010"
    assert for_people("SA.4566546130240823") == "SA.4566546130240823"
