"""`python -m tests.locked`: the hashed files hold exactly what the *.in files ask for, and exactly that is installed.

Needs no network: what a package needs is read from the installed packages themselves, so run it after `make test`
has installed the widest of the files.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, distribution, distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
# wanted, and its hashed file
FILES = {
    "requirements.in": "requirements-production.txt",
    "requirements-laptop.in": "requirements.txt",
    "requirements-dev.in": "requirements-dev.txt",
}
# They come with the virtual environment.
TOOLS = {"pip", "setuptools", "wheel"}
_HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def main() -> int:
    found = [*drift(ROOT), *strangers(locked(ROOT / "requirements-dev.txt"))]
    print("\n".join(found) or "The hashed files are what was asked for.")  # noqa: T201
    return 1 if found else 0


def drift(folder: Path) -> Iterator[str]:
    """One sentence for each difference between what is wanted in this folder and what is locked."""
    for wanted, lock in FILES.items():
        pinned, roots = locked(folder / lock), asked(folder / wanted)
        yield from (f"{lock}: {name} has no hash. Run make lock." for name in unhashed(folder / lock))
        for root in roots:
            if str(root.specifier) not in {str(line.specifier) for line in pinned if line.name == root.name}:
                yield f"{lock}: {root.name}{root.specifier} of {wanted} is missing. Run make lock."
        here = {line.name for line in pinned if _applies(line)}
        needed = closure(roots)
        yield from (f"{lock}: {name} is needed and not locked. Run make lock." for name in sorted(needed - here))
        yield from (f"{lock}: nobody needs {name}. Run make lock." for name in sorted(here - needed - TOOLS))


def asked(file: Path) -> list[Requirement]:
    """What a file asks for, with the files that it names by `-r`. Every line is pinned by `==`."""
    found: list[Requirement] = []
    for line in _lines(file):
        other = line.removeprefix("-r ")
        found += asked(file.parent / other) if other != line else [_canonical(line)]
    return found


def locked(file: Path) -> list[Requirement]:
    return [_canonical(line.partition(" --hash")[0]) for line in _lines(file)]


def unhashed(file: Path) -> list[str]:
    return [line for line in _lines(file) if not _HASH.search(line)]


def closure(roots: Iterable[Requirement]) -> set[str]:
    """Names of all that these need here, themselves included."""
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = list(roots)
    while waiting:
        wanted = waiting.pop()
        place = (wanted.name, frozenset(wanted.extras))
        if place not in seen and _applies(wanted):
            seen.add(place)
            waiting += _needs(wanted)
    return {name for name, _ in seen}


def strangers(pinned: Iterable[Requirement]) -> Iterator[str]:
    """What is installed and not locked, or in another version, or locked and not installed."""
    wanted: dict[str, str] = {line.name: str(line.specifier) for line in pinned if _applies(line)}
    there: dict[str, str] = {canonicalize_name(dist.name): f"=={dist.version}" for dist in distributions()}
    for name in sorted(wanted.keys() | there.keys() - TOOLS):
        if wanted.get(name) != there.get(name):
            yield f"{name}: locked {wanted.get(name, 'nowhere')}, installed {there.get(name, 'nowhere')}."


def _needs(wanted: Requirement) -> Iterator[Requirement]:
    try:
        lines = distribution(wanted.name).requires or []
    except PackageNotFoundError:
        return
    for line in lines:
        need = _canonical(line)
        if any(_applies(need, extra) for extra in wanted.extras | {""}):
            need.marker = None
            yield need


def _applies(line: Requirement, extra: str = "") -> bool:
    return line.marker is None or line.marker.evaluate({"extra": extra})


def _canonical(line: str) -> Requirement:
    requirement = Requirement(line)
    requirement.name = canonicalize_name(requirement.name)
    return requirement


def _lines(file: Path) -> list[str]:
    """Whole lines, without remarks; those that end with a backslash go on."""
    joined = file.read_text().replace("\\\n", " ")
    return [" ".join(line.split()) for line in joined.splitlines() if line.strip() and not line.startswith("#")]


if __name__ == "__main__":
    sys.exit(main())
