"""The pages lead somewhere: links, file paths, test names and commands that exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.benches.cli_commands import COMMANDS

ROOT = Path(__file__).parents[2]
IGNORED = {line.strip("/") for line in (ROOT / ".gitignore").read_text("utf-8").splitlines()}
"""Among them the folders that people keep their own leads in."""
FOLDERS = sorted(
    each.name
    for each in ROOT.iterdir()
    if each.is_dir() and each.name[0] != "." and each.name not in IGNORED
)
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "deployments").rglob("*.md")),
]
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
CODE_PATH = re.compile(r"`((?:" + "|".join(FOLDERS) + r")/[\w./*{},-]*)(?:::(\w+))?`")
# A group's name is no command: the word after it belongs to the name.
NAMES = "|".join(sorted(COMMANDS, key=len, reverse=True))
COMMAND_LINE = re.compile(rf"^(?:\$ )?clayload ({NAMES}|\w+)\b(.*)$", re.MULTILINE)

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def slug(heading: str) -> str:
    """The anchor that a markdown heading gets."""
    kept = re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower())
    return kept.strip().replace(" ", "-")


def anchors(page: Path) -> set[str]:
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    return {slug(heading) for heading in re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)}


def shell_blocks(page: Path) -> Iterator[str]:
    yield from re.findall(r"```(?:sh|console|bash)\n(.*?)```", page.read_text("utf-8"), re.DOTALL)


@each_page
def test_every_internal_link_leads_somewhere(page: Path) -> None:
    for link in LINK.findall(page.read_text("utf-8")):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@each_page
def test_every_path_named_in_a_page_is_there(page: Path) -> None:
    for path, test in CODE_PATH.findall(page.read_text("utf-8")):
        found = [ROOT / path] if "*" not in path else list(ROOT.glob(path))
        assert found, path
        assert all(each.exists() for each in found), path
        assert not test or f"def {test}(" in found[0].read_text("utf-8"), f"{path}::{test}"


@each_page
def test_every_command_in_a_page_is_one_we_have(page: Path) -> None:
    for block in shell_blocks(page):
        for name, rest in COMMAND_LINE.findall(block.replace("\\\n", " ")):
            assert name in COMMANDS, name
            known = {option for param in COMMANDS[name].params for option in param.opts}
            given = set(re.findall(r"(?<=\s)--[\w-]+", rest.partition(" #")[0]))
            assert given <= known | {"--help"}, f"clayload {name}{rest}"


def test_every_page_of_the_docs_is_reached_from_their_index() -> None:
    index = ROOT / "docs" / "README.md"
    linked = {
        (index.parent / link.partition("#")[0]).resolve()
        for link in LINK.findall(index.read_text("utf-8"))
    }
    pages = {page for page in PAGES if page.is_relative_to(ROOT / "docs")} - {index}
    assert pages <= linked
