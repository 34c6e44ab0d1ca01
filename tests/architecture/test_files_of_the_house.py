"""Files stay short, rooms have telling names, and nothing of one machine gets into the repo."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CODE_FOLDERS = ("clayload", "tasks", "flows", "deployments", "samples", "benchmarks")
LONGEST_FILE_LINES = 300
MOST_FILES = 25
NO_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "handler", "misc", "base"}

# Put together here, so that this file does not hold what it looks for.
REGISTRY_HOSTS = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("python" + "hosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("crates", "io"),
        ("anaconda", "org"),
        ("golang", "org"),
        ("rubygems", "org"),
        ("docker", "io"),
    )
]
# A path of somebody's machine: a home folder, or the folder a machine works in.
MACHINE_FOLDERS = ["home", "Users", "root", "work", "workspace", "mnt"]
MACHINE_PATH = re.compile(r"(?<![\w.~}-])/(?:" + "|".join(MACHINE_FOLDERS) + r")/\w")


def repository_files() -> list[Path]:
    """All files under git, and those that would be added: not what .gitignore names."""
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z", "-co", "--exclude-standard"],  # noqa: S607 - whichever git is on the PATH
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    return [path for path in paths if path.is_file()]


def modules() -> list[Path]:
    return [path for folder in CODE_FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]


def lines_with(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{number}"
        for path in repository_files()
        for number, line in enumerate(path.read_bytes().decode("utf-8", "replace").split("\n"), 1)
        if pattern.search(line)
    ]


def test_the_listing_of_the_repository_sees_this_file() -> None:
    assert Path(__file__) in repository_files()


def test_no_file_names_a_package_registry() -> None:
    hosts = re.compile("|".join(re.escape(host) for host in REGISTRY_HOSTS))
    assert hosts.search("see https://" + REGISTRY_HOSTS[0] + "/simple")
    assert lines_with(hosts) == []


def test_no_file_names_a_path_of_somebodys_machine() -> None:
    assert MACHINE_PATH.search("open(" + "'/" + "home/someone/leads.csv')")
    assert lines_with(MACHINE_PATH) == []


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_is_short_enough_to_read_in_one_go(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= LONGEST_FILE_LINES


def test_no_folder_is_fuller_than_a_person_can_survey() -> None:
    folders = Counter(
        path.parent.relative_to(ROOT)
        for path in [*modules(), *(ROOT / "tests").rglob("*.py")]
        if path.name != "__init__.py"
    )
    assert {folder: n for folder, n in folders.items() if n > MOST_FILES} == {}


def test_no_room_has_a_name_that_says_nothing() -> None:
    names = {part for path in modules() for part in path.relative_to(ROOT).with_suffix("").parts}
    assert names & NO_NAMES == set()


def test_every_module_says_first_what_it_answers() -> None:
    bare = [path for path in modules() if not path.read_text("utf-8").startswith(('"""', "#!"))]
    assert bare == []
