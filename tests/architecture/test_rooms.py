"""The rules of the house that no linter knows: what may stand in which room."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
APPS = ("core", "sufrah", "bots", "orders", "conversations", "sessions_state")
MOST_LINES = 300
DOORS = ("views", "api", "webhooks", "admin", "consumers", "tasks")


def modules(*apps: str) -> list[Path]:
    found = [path for app in apps or APPS for path in sorted((ROOT / app).rglob("*.py"))]
    return [path for path in found if "migrations" not in path.parts]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def is_door(path: Path) -> bool:
    return path.stem in DOORS or bool({"admin", "api", "management"} & set(path.relative_to(ROOT).parts))


def code_lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines without strings and comments, so that a docstring may name what the code must not do."""
    tree = ast.parse(path.read_text())
    silent = {
        line
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        if number not in silent:
            yield number, line.split("#")[0]


def offences(paths: list[Path], pattern: str) -> list[str]:
    found = re.compile(pattern)
    return [f"{name_of(path)}:{number}" for path in paths for number, line in code_lines(path) if found.search(line)]


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_modules_stay_small(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MOST_LINES


def test_settings_alone_read_the_environment() -> None:
    paths = [path for path in modules() if name_of(path) != "sufrah/settings.py"]
    reading = offences(paths, r"os\.(environ(?!\.setdefault)|getenv)|\benviron\.Env")
    assert [place for place in reading if "register_sender" not in place] == []


def test_transactions_begin_in_verbs() -> None:
    doors = [path for path in modules() if is_door(path)]
    assert offences(doors, r"\batomic\(|select_for_update") == []
    assert offences(modules("sessions_state/dialogue"), r"\batomic\(|\.objects\b") == []


def test_the_outermost_transaction_is_durable() -> None:
    """`placing` tries a number inside the turn's transaction; its savepoint is the one that is not outermost."""
    bare = offences(modules(), r"\batomic\(\s*\)")
    assert [place for place in bare if not place.startswith("orders/placing.py")] == []


def test_nobody_uses_signals() -> None:
    assert offences(modules(), r"\b(post|pre)_(save|delete|init)\b|@receiver|django\.dispatch") == []


def test_no_drawers_for_everything() -> None:
    assert [
        name_of(path) for path in modules() if path.stem in {"services", "utils", "helpers", "common", "misc"}
    ] == []


def test_customers_sentences_stand_in_the_phrases() -> None:
    """Arabic words that the bot understands may stand with their step; sentences that it says may not."""
    allowed = (
        "sessions_state/dialogue/phrases/",
        "sessions_state/dialogue/words.py",
        "sessions_state/dialogue/vocabulary.py",
    )
    sentence = re.compile("(?:[\u0621-\u064a]+\\W+){4}")
    talking = [
        path for path in modules("sessions_state", "conversations", "orders") if not name_of(path).startswith(allowed)
    ]
    spoken = [name_of(path) for path in talking if any(sentence.search(text) for text in literals(path))]
    assert [place for place in spoken if "simulator" not in place] == []


def literals(path: Path) -> list[str]:
    """The strings of a module but its docstrings."""
    tree = ast.parse(path.read_text())
    documented = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documented
    ]


def test_the_talk_asks_no_clock() -> None:
    pure = modules("sessions_state/dialogue") + [
        ROOT / "orders" / name for name in ("menu.py", "cart.py", "pricing.py")
    ]
    assert offences(pure, r"timezone\.now|datetime\.now|time\.time|random\.|uuid4") == []
