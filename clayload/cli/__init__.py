"""The `clayload` command: the core for people, without an orchestrator.

In:    arguments and the environment.
Out:   text for people, or JSON with `--json`; a typed exit code (README, "Exit codes").
Never: a traceback for what a person can fix; a secret.
"""

from __future__ import annotations

import signal
import sys
from importlib import import_module
from importlib.metadata import entry_points
from typing import Annotated, Any, NoReturn

import typer

from clayload import __version__
from clayload.cli.console import print_error, print_wrong_usage
from clayload.errors import ClayloadError, ExitCode

# Where each command stands in this room: a module and a name in it. Only the one that is called is
# imported: together they take a second that most of them do not need.
_COMMANDS = {
    "check": ("upkeep.check", "check"),
    "capacity": ("capacity.capacity", "capacity"),
    "simulate": ("capacity.simulate", "simulate"),
    "plan": ("loading.plan", "plan"),
    "plans": ("loading.plan", "plans"),
    "load": ("loading.load", "load"),
    "status": ("monitoring.status", "status"),
    "doctor": ("monitoring.doctor", "doctor"),
    "report": ("monitoring.report", "report"),
    "trace": ("monitoring.trace", "trace"),
    "replay": ("loading.replay", "replay"),
    "pause": ("upkeep.pause", "pause"),
    "unpause": ("upkeep.pause", "unpause"),
    "approve": ("loading.approve", "approve"),
    "resume-deferred": ("loading.resume_deferred", "resume_deferred"),
    "budget": ("monitoring.budget", "budget"),
    "usage": ("monitoring.usage", "usage"),
    "alerts": ("monitoring.alerts", "alerts"),
    "metrics": ("monitoring.metrics", "metrics"),
    "quarantine": ("loading.quarantine", "app"),
    "resubmit": ("loading.resubmit", "resubmit"),
    "slots": ("upkeep.slots", "app"),
    "ledger": ("upkeep.ledger", "app"),
    "standin": ("standin.standin", "standin"),
    "demo": ("standin.demo", "demo"),
}

COMMAND_GROUP = "clayload.commands"
"""Packages above the core add a command by an entry point of this group."""


def make_app(*names: str) -> typer.Typer:
    """Make the command with these subcommands, or with all."""
    app = typer.Typer(
        name="clayload",
        help="Load lead extracts into Clay tables: cleaned, routed, paced, accounted for to the "
        "row.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    app.callback(invoke_without_command=True)(_root)
    for name in names or _list_commands():
        found = _import_command(name)
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=name)
        else:
            app.command(name)(found)
    return app


def _list_commands() -> list[str]:
    """Our own commands, then those of packages above; nothing is imported to find out."""
    return [*_COMMANDS, *sorted(entry_points(group=COMMAND_GROUP).names - _COMMANDS.keys())]


def _import_command(name: str) -> Any:  # noqa: ANN401 - a function of any signature, or a typer group
    if name in _COMMANDS:
        module, attribute = _COMMANDS[name]
        return getattr(import_module(f"clayload.cli.{module}"), attribute)
    return next(iter(entry_points(group=COMMAND_GROUP, name=name))).load()


def _root(
    *,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        print(__version__)  # noqa: T201 - the answer to --version
        raise typer.Exit


def _end_by_signal(_signal: int, _frame: object) -> NoReturn:
    """End as Ctrl-C does, so that what is in flight is recorded first."""
    sys.exit(ExitCode.TERMINATED)


def main() -> None:
    """Run the command; what a person can fix comes as one line, with its exit code."""
    called = [name for name in sys.argv[1:2] if name in _list_commands()]
    try:
        app = make_app(*called)
        # Until here nothing has begun: SIGTERM ends it at once, and need not come out of an import.
        signal.signal(signal.SIGTERM, _end_by_signal)
        app()
    except ClayloadError as error:
        print_error(error, as_json="--json" in sys.argv)
        sys.exit(error.exit_code)
    except SystemExit as end:
        if "--json" in sys.argv:
            print_wrong_usage(end)
        raise
    except KeyboardInterrupt:  # out of an import; a command's own is Typer's
        sys.exit(ExitCode.INTERRUPTED)
