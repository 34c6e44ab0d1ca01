"""Which commands does `clayload` have, by the words that call them?

In:    the command itself.
Out:   `COMMANDS`: `load`, `slots list`; a group such as `slots` is no command of its own.
Never: a list kept by hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from clayload.cli.lazy_command import LazyCommand
from clayload.cli.root import app


def _walk(group: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - typer's groups and commands have no common type of their own
    for name, found in group.commands.items():
        command = found.read() if isinstance(found, LazyCommand) else found
        if hasattr(command, "commands"):
            yield from _walk(command, (*words, name))
        else:
            yield " ".join((*words, name)), command


COMMANDS: dict[str, Any] = dict(_walk(typer.main.get_command(app)))
