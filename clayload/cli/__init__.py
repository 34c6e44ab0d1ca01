"""The `clayload` command: the core for people, without an orchestrator.

In:    arguments and the environment.
Out:   text for people, or JSON with `--json`; a typed exit code (README, "Exit codes").
Never: a traceback for what a person can mend; a secret.
"""

from __future__ import annotations

import signal
import sys
from typing import Annotated, NoReturn

import typer

from clayload import __version__
from clayload.cli import (
    check,
    demo,
    ledger,
    load,
    pause,
    plan,
    quarantine,
    replay,
    resubmit,
    slots,
    standin,
    status,
    trace,
)
from clayload.cli.show import say_error
from clayload.errors import ClayloadError, ExitCode

app = typer.Typer(
    name="clayload",
    help="Load lead extracts into Clay tables: cleaned, routed, paced, accounted for to the row.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("check")(check.check)
app.command("plan")(plan.plan)
app.command("load")(load.load)
app.command("status")(status.status)
app.command("trace")(trace.trace)
app.command("replay")(replay.replay)
app.command("pause")(pause.pause)
app.command("resume")(pause.resume)
app.add_typer(quarantine.app, name="quarantine")
app.command("resubmit")(resubmit.resubmit)
app.command("standin")(standin.standin)
app.command("demo")(demo.demo)
app.add_typer(slots.app, name="slots")
app.add_typer(ledger.app, name="ledger")


@app.callback(invoke_without_command=True)
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
    """Run the command; what a person can mend comes as one line, with its exit code."""
    signal.signal(signal.SIGTERM, _end_by_signal)
    try:
        app()
    except ClayloadError as error:
        say_error(error)
        sys.exit(error.exit_code)
