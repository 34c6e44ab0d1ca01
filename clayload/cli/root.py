"""What can `clayload` itself do, before one of its commands begins?

In:    arguments and the environment.
Out:   the version, the help page, shell completion, the log's set-up; then the command called.
Never: an import of a command that is not called.
"""

from __future__ import annotations

import gc
import signal
import sys
from typing import Annotated, NoReturn

import typer

from clayload import __version__
from clayload.cli.console import print_error, print_wrong_usage
from clayload.cli.lazy_command import CommandGroup
from clayload.cli.logs import LogLevel, set_up_logs
from clayload.cli.system import refuse_windows
from clayload.errors import ClayloadError, ExitCode

app = typer.Typer(
    name="clayload",
    cls=CommandGroup,
    help="Load lead extracts into Clay tables: cleaned, routed, paced, accounted for to the row.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.callback(invoke_without_command=True)
def _root(
    *,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
    log_level: Annotated[
        LogLevel,
        typer.Option(
            metavar="LEVEL",
            help="Log to standard error from this level on: debug, info, warning or error.",
        ),
    ] = LogLevel.WARNING,
    log_json: Annotated[
        bool, typer.Option("--log-json", help="Write the log as JSON, an object a line.")
    ] = False,
) -> None:
    if version:
        print(__version__)  # noqa: T201 - the answer to --version
        raise typer.Exit
    set_up_logs(log_level, as_json=log_json)


def _begin_work() -> None:
    """From here on there is work to break off, and garbage to look for."""
    gc.freeze()
    gc.enable()
    # Before this SIGTERM ends the process at once, and need not come out of an import.
    signal.signal(signal.SIGTERM, _end_by_signal)


def _end_by_signal(_signal: int, _frame: object) -> NoReturn:
    """End as Ctrl-C does, so that what is in flight is recorded first."""
    sys.exit(ExitCode.TERMINATED)


def run(platform: str) -> None:
    """Run what the arguments call; ends the process with the exit code of what went wrong."""
    try:
        refuse_windows(platform)
        app(obj=_begin_work, prog_name="clayload")
    except ClayloadError as error:
        print_error(error, as_json="--json" in sys.argv)
        sys.exit(error.exit_code)
    except SystemExit as end:
        if "--json" in sys.argv:
            print_wrong_usage(end)
        raise
    except KeyboardInterrupt:  # out of an import; a command's own is Typer's
        sys.exit(ExitCode.INTERRUPTED)
