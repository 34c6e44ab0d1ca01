"""A package above the core adds a command by an entry point, and is imported when it is called."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

GREETER = """
print("greeter was imported")
def greet(name: str) -> None:
    'Say hello to somebody.'
    print(f"hello {name}")
"""
TABLE = """
from clayload.cli.commands import Command
COMMANDS = {"greet": Command("greeter:greet", "Say hello to somebody.")}
"""
SCRIPT = """
import sys
from clayload.cli import main
try:
    main()
finally:
    print("Prefect was imported" if "prefect" in sys.modules else "Prefect was not needed")
"""


def run(folder: Path, *arguments: str) -> str:
    """What the command prints where a package in this folder has the command `greet`."""
    (folder / "greeter.py").write_text(GREETER, "utf-8")
    (folder / "greeter_table.py").write_text(TABLE, "utf-8")
    info = folder / "greeter-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: greeter\nVersion: 1\n", "utf-8")
    (info / "entry_points.txt").write_text(
        "[clayload.commands]\ngreeter = greeter_table:COMMANDS\n", "utf-8"
    )
    # In front of what is there: the project itself may be found through it.
    path = os.pathsep.join([str(folder), *os.environ.get("PYTHONPATH", "").split(os.pathsep)])
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments],
        env={**os.environ, "PYTHONPATH": path, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_a_command_of_another_package_is_called_by_its_name(tmp_path: Path) -> None:
    assert "hello Ada" in run(tmp_path, "greet", "Ada")


def test_a_command_of_another_package_is_not_imported_for_ours(tmp_path: Path) -> None:
    assert "greeter was imported" not in run(tmp_path, "status", "--help")


def test_help_lists_the_commands_above_the_core_and_needs_no_prefect(tmp_path: Path) -> None:
    said = run(tmp_path, "--help")
    for name in ("load", "backfill", "watch", "greet"):
        assert f"│ {name} " in said
    assert "Say hello to somebody." in said
    assert said.endswith("Prefect was not needed\n")
