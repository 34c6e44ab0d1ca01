"""How is a command imported only when it is called?

In:    a command's name, help line and place.
Out:   what stands for it in the help and in shell completion, and gives way to it when called.
Never: an import for a help page that is not the command's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from clayload.cli.commands import COMMANDS, Command, list_commands_above


class CommandGroup(TyperGroup):
    """A group that knows all commands, and has imported none.

    The floors above are asked for theirs only where they matter: their table takes time to find.
    """

    def __init__(self, **attributes: Any) -> None:  # noqa: ANN401 - typer's own
        super().__init__(**attributes)
        self._add(COMMANDS)

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401 - typer's own
        """List the names of all commands."""
        self._add(list_commands_above())
        return super().list_commands(ctx)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401 - typer's own
        """Find what stands for a command, or None."""
        if cmd_name not in self.commands:
            self._add(list_commands_above())
        return super().get_command(ctx, cmd_name)

    def _add(self, commands: Mapping[str, Command]) -> None:
        for name, command in commands.items():
            self.commands.setdefault(name, LazyCommand(name, command))


class LazyCommand(TyperCommand):
    """A command's name and help line, until it is called."""

    def __init__(self, name: str, command: Command) -> None:
        super().__init__(name, help=command.help_line)
        self._name, self._place = name, command.place

    def read(self) -> Any:  # noqa: ANN401 - typer's groups and commands have no common public type
        """Import the command, or the group of commands."""
        module, _, name = self._place.partition(":")
        found = getattr(import_module(module), name)
        if isinstance(found, typer.Typer):
            return typer.main.get_group(found)
        alone = typer.Typer(add_completion=False)
        alone.command(self._name)(found)
        return typer.main.get_command(alone)

    def make_context(self, *args: Any, **extra: Any) -> Any:  # noqa: ANN401 - typer's own
        """Give way to the command: its context, not ours, is what typer goes on with.

        What the group was called with as its `obj` is called in between: imports are over then.
        """
        command = self.read()
        if on_imported := extra["parent"].obj:
            on_imported()
        return command.make_context(*args, **extra)
