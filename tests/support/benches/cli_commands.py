"""Which commands does `clayload` have, by the words that call them?

In:    the command itself.
Out:   `COMMANDS`: `load`, `slots list`; a group such as `slots` is no command of its own. `ROOT`:
       `clayload` itself, with what stands for each of its commands.
Never: a list kept by hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from clayload.cli.root import app

ROOT: Any = typer.main.get_command(app)


def _walk(name: str, command: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - typer's groups and commands have no common type of their own
    if not hasattr(command, "commands"):
        yield name, command
        return
    for part, inner in command.commands.items():
        yield from _walk(f"{name} {part}", inner)


IMPORTED: dict[str, Any] = {
    name: ROOT.get_command(None, name).read() for name in ROOT.list_commands(None)
}
"""The commands and groups of `ROOT` as they are once they are called, by name."""

COMMANDS: dict[str, Any] = dict(
    found for name, command in IMPORTED.items() for found in _walk(name, command)
)
