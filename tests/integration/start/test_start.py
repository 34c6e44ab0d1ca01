"""What a start of `clayload` may import: little, for little is asked of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from clayload.cli.commands import COMMANDS, list_commands_above

HOUSE = Path(__file__).parents[3]
SAMPLE = HOUSE / "docs" / "tutorial" / "leads.csv"
START = """
import atexit, json, sys
atexit.register(lambda: print(json.dumps(sorted(sys.modules)), file=sys.stderr))
sys.argv[0] = "clayload"
from clayload.cli import main
main()
"""
SLOW = {
    "alembic",
    "asyncio",
    "fastexcel",
    "httpx",
    "hypothesis",
    "jinja2",
    "pandera",
    "polars",
    "prefect",
    "prometheus_client",
    "psycopg",
    "pydantic",
    "sqlalchemy",
    "starlette",
    "uvicorn",
    "vl_convert",
    "xlsxwriter",
    "yaml",
}
"""Packages that take long to import, or bring much with them."""
OF_EVERY_START = {
    "clayload",
    "clayload.cli",
    "clayload.cli.commands",
    "clayload.cli.console",
    "clayload.cli.lazy_command",
    "clayload.cli.logs",
    "clayload.cli.root",
    "clayload.cli.system",
    "clayload.errors",
    "deployments",
    "deployments.commands",
}
OURS = ("clayload", "deployments", "flows", "tasks")


def imported_by(folder: Path, *arguments: str | Path, **environ: str) -> set[str]:
    """The modules that a command has imported when it ends, by whole names."""
    settings = {"CLAYLOAD_CONFIG": str(HOUSE / "config/tables.yaml"), "CLAYLOAD_HOME": str(folder)}
    bare = {name: value for name, value in os.environ.items() if not name.startswith("CLAY")}
    ended = subprocess.run(
        [sys.executable, "-c", START, *map(str, arguments)],
        env={**bare, **settings, **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    modules: list[str] = json.loads(ended.stderr.splitlines()[-1])
    return set(modules)


def roots_of(modules: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in modules}


def typed(line: str) -> dict[str, str]:
    """What a shell asks, when TAB is pressed behind this line."""
    return {"_CLAYLOAD_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": line}


@pytest.mark.parametrize(
    ("arguments", "environ"),
    [
        (["--help"], {}),
        (["--version"], {}),
        ([], {}),
        ([], typed("clayload st")),
        ([], typed("clayload --log")),
    ],
    ids=["help", "version", "nothing", "TAB-command", "TAB-option"],
)
def test_what_calls_no_command_imports_none_and_nothing_that_is_slow(
    tmp_path: Path, arguments: list[str], environ: dict[str, str]
) -> None:
    modules = imported_by(tmp_path, *arguments, **environ)
    # Typer itself reads options by pydantic, but for those that end at once, as --help does.
    assert SLOW & roots_of(modules) <= {"pydantic"}
    assert {name for name in modules if name.startswith(OURS)} <= OF_EVERY_START


def test_a_mistyped_command_imports_none(tmp_path: Path) -> None:
    modules = imported_by(tmp_path, "--log-level", "debug", "stats")
    assert {name for name in modules if name.startswith(OURS)} <= OF_EVERY_START


LOOKS = [["status"], ["runs"], ["slots", "list"], ["budget"], ["usage"], ["alerts"]]


@pytest.mark.parametrize("arguments", LOOKS, ids=" ".join)
def test_what_only_looks_imports_no_frames_no_http_and_no_other_database(
    tmp_path: Path, arguments: list[str]
) -> None:
    imported_by(tmp_path, "pause", "main")  # there is a ledger from here on
    modules = imported_by(tmp_path, *arguments)
    assert "clayload.ledger.store" in modules
    assert SLOW & roots_of(modules) == {"asyncio", "pydantic", "sqlalchemy", "yaml"}
    assert "sqlalchemy.dialects.postgresql" not in modules


def test_a_plan_imports_nothing_that_sends_keeps_or_draws(tmp_path: Path) -> None:
    modules = imported_by(tmp_path, "plan", SAMPLE, "--cycle", "2026-11")
    assert SLOW & roots_of(modules) == {
        "asyncio",
        "fastexcel",
        "polars",
        "pydantic",
        "sqlalchemy",
        "yaml",
    }


@pytest.mark.parametrize("arguments", [["slots", "list"], ["plan", str(SAMPLE)]], ids=" ".join)
def test_a_command_imports_no_other(tmp_path: Path, arguments: list[str]) -> None:
    commands = {**COMMANDS, **list_commands_above()}
    places = {name: command.place.partition(":")[0] for name, command in commands.items()}
    modules = imported_by(tmp_path, *arguments)
    assert set(places.values()) & modules == {places[arguments[0]]}
