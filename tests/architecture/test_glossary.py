"""Each word has one meaning: what the glossary forbids is in no page, no help and no message."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.benches.cli_commands import COMMANDS

ROOT = Path(__file__).parents[2]
GLOSSARY = ROOT / "docs" / "glossary.md"
CODE = ("clayload", "tasks", "flows", "deployments")
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted(path for path in (ROOT / "docs").rglob("*.md") if path != GLOSSARY),
    *sorted((ROOT / "deployments").glob("*.md")),
    *sorted((ROOT / "benchmarks").glob("*.md")),
]
# A folder that shows, wraps or checks what another one does may call its module the same.
MIRRORS = {"cli", "report", "monitoring", "tables", "standin", "tasks", "flows", "deployments"}


def forbidden() -> re.Pattern[str]:
    """Every phrase of the second table's first column."""
    rows = GLOSSARY.read_text("utf-8").partition("## Words that are not used")[2]
    cells = [line.split("|")[1] for line in rows.splitlines() if line.startswith("| `")]
    phrases = [phrase for cell in cells for phrase in re.findall(r"`([^`]+)`", cell)]
    assert len(phrases) > len(cells) > 1
    return re.compile(rf"(?<![\w-])({'|'.join(map(re.escape, phrases))})(?![\w-])", re.IGNORECASE)


FORBIDDEN = forbidden()


def prose(page: str) -> str:
    """A page without what is code or output in it."""
    without_blocks = re.sub(r"```.*?```", "", page, flags=re.DOTALL)
    return re.sub(r"`[^`]*`|\]\([^)]*\)", "", without_blocks)


def messages(source: str) -> Iterator[str]:
    """The texts of a module that may be read by a person: its strings, but no docstrings."""
    tree = ast.parse(source)
    bodies = [
        found for node in ast.walk(tree) if isinstance(found := getattr(node, "body", 0), list)
    ]
    bare = {id(one.value) for body in bodies for one in body if isinstance(one, ast.Expr)}
    inside = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in node.values
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values
            )
        elif isinstance(node, ast.Constant) and id(node) not in bare | inside:
            yield str(node.value)


def found(text: str) -> list[str]:
    return [match[0] for match in FORBIDDEN.finditer(" ".join(text.split()))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_has_no_word_that_the_glossary_forbids(page: Path) -> None:
    assert found(prose(page.read_text("utf-8"))) == []


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_explains_itself_without_a_forbidden_word(name: str) -> None:
    command = COMMANDS[name]
    helps = [command.help, *(getattr(param, "help", None) for param in command.params)]
    assert found(" ".join(filter(None, helps))) == []


@pytest.mark.parametrize("folder", CODE)
def test_no_message_has_a_forbidden_word(folder: str) -> None:
    said = {
        f"{path.relative_to(ROOT)}: {text}": words
        for path in sorted((ROOT / folder).rglob("*.py"))
        if path.parent.name != "versions"  # a migration names what was before
        for text in messages(path.read_text("utf-8"))
        if (words := found(text))
    }
    assert said == {}


def test_a_planted_word_is_found() -> None:
    assert found(prose("The rows are mended.\n```\nmended\n```\n`mended`")) == ["mended"]
    assert found(" ".join(messages('"""Told."""\nshow(f"it was told {n}")'))) == ["told"]


def test_two_modules_have_one_name_only_where_their_folders_make_the_difference_plain() -> None:
    rooms = [path.relative_to(ROOT) for folder in CODE for path in (ROOT / folder).rglob("*.py")]
    apart = Counter(
        path.stem for path in rooms if not MIRRORS & set(path.parts) and path.stem[0] != "_"
    )
    assert {name: n for name, n in apart.items() if n > 1} == {}
