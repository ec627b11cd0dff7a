"""Everything that staff read is there in Arabic: the sources, the .po and the compiled .mo agree."""

from __future__ import annotations

import io
import re
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from django.conf import settings
from django.utils.translation import override
from django.utils.translation.template import templatize

from tests import needs

FOLDER = Path(settings.LOCALE_PATHS[0]) / "ar" / "LC_MESSAGES"
ROOMS = ("bots", "orders", "conversations", "sessions_state", "sufrah", "templates")
WORDS = {
    **dict.fromkeys(("_", "gettext", "gettext_lazy", "gettext_noop")),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (1, 2)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), ((1, "c"), 2)),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), ((1, "c"), 2, 3)),
}
KEYWORDS = [
    *("gettext_lazy", "gettext_noop", "ngettext_lazy:1,2", "pgettext_lazy:1c,2", "pgettext:1c,2"),
    *("npgettext:1c,2,3", "npgettext_lazy:1c,2,3"),
]
Ids = set[tuple[str | None, str]]


@pytest.fixture(scope="module")
def po() -> Catalog:
    with (FOLDER / "django.po").open("rb") as file:
        return read_po(file, locale="ar")


def sources() -> Iterator[tuple[Path, str]]:
    """Every module and template of the house, as Python source."""
    for room in ROOMS:
        for path in sorted((settings.BASE_DIR / room).rglob("*.py")):
            yield path, path.read_text()
        for path in sorted((settings.BASE_DIR / room).rglob("*.html")):
            lines = templatize(path.read_text(), origin=str(path)).splitlines()
            yield path, "\n".join(line.strip() for line in lines)


def ids_of(catalog: Catalog) -> Ids:
    return {(row.context, _strings(row.id)[0]) for row in catalog if row.id}


def missing_in(po: Catalog, found: Ids) -> list[tuple[str | None, str]]:
    return sorted(found - ids_of(po), key=lambda row: row[1])


def test_no_source_string_lacks_arabic(po: Catalog) -> None:
    found: Ids = set()
    for _path, source in sources():
        for _line, words, _comments, context in extract("python", io.BytesIO(source.encode()), WORDS):
            first = words[0] if isinstance(words, tuple) else words
            found.add((context, first.replace("\r\n", "\n")))
    found.discard((None, ""))
    assert len(found) > 300, "the extraction itself works"
    assert missing_in(po, found) == []


def test_xgettext_finds_nothing_more(po: Catalog, tmp_path: Path) -> None:
    names = []
    for n, (_path, source) in enumerate(sources()):
        (tmp_path / f"{n}.py").write_text(source)
        names.append(f"{n}.py")
    wanted = [f"--keyword={word}" for word in KEYWORDS]
    command = [
        needs.program("xgettext", "gettext"),
        "--language=Python",
        "--from-code=UTF-8",
        "--keyword=_",
        *wanted,
        "--output=all.po",
        *names,
    ]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    found = (tmp_path / "all.po").read_text().replace("nplurals=INTEGER; plural=EXPRESSION", "nplurals=2; plural=n>1")
    assert missing_in(po, ids_of(read_po(io.BytesIO(found.encode())))) == []


def test_every_string_is_translated_and_none_is_a_guess(po: Catalog) -> None:
    unfinished = [row.id for row in po if row.id and (row.fuzzy or not all(_strings(row.string)))]
    assert unfinished == []


def test_translations_fill_in_the_same_values(po: Catalog) -> None:
    """A plural form may say its number in words, but names nothing that is not given."""
    for row in po:
        if not row.id:
            continue
        given = set().union(*(_values(words) for words in _strings(row.id)))
        for words in _strings(row.string):
            named = _values(words)
            assert named <= given, row.id
            assert isinstance(row.id, tuple) or named == given, row.id


def test_the_compiled_catalogue_is_the_written_one(po: Catalog) -> None:
    with (FOLDER / "django.mo").open("rb") as file:
        mo = read_mo(file)
    assert _pairs(mo) == _pairs(po)


def test_django_uses_it() -> None:
    with override("ar"):
        assert str(settings.LANGUAGES[0][1]) == "العربية"


def _strings(words: str | Sequence[str] | None) -> tuple[str, ...]:
    return (words,) if isinstance(words, str) else tuple(words or ("",))


def _pairs(catalog: Catalog) -> dict[tuple[str, tuple[str, ...]], tuple[str, ...]]:
    return {(_text(row.context), _strings(row.id)): _strings(row.string) for row in catalog if row.id}


def _text(context: str | bytes | None) -> str:
    """Babel reads the contexts of a compiled catalogue as bytes."""
    return context.decode() if isinstance(context, bytes) else context or ""


def _values(words: str) -> set[str]:
    return set(re.findall(r"%\((\w+)\)[sd]", words))
