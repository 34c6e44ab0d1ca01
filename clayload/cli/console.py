"""Where does what a command has to say go, and how wide is it there?

In:    an error, a report's JSON, or whatever a command has to say.
Out:   results on standard output; errors and progress on standard error; with --json an error on
       standard output, too.
Never: an import of what loads leads: an error must be told even by a command that is quick.
"""

from __future__ import annotations

import json
import os
import sys
from typing import TextIO

from rich.console import Console
from rich.text import Text
from typer.exceptions import TyperException

from clayload.errors import ClayloadError

_UNBROKEN = 100_000
_MOST_COLOURED = 20_000


def _find_width(stream: TextIO) -> int | None:
    """Give what a pipe or a CI log takes, where nothing is to be broken; None: the terminal's."""
    return None if stream.isatty() or "COLUMNS" in os.environ else _UNBROKEN


# No markup: a column named "[red]" is a column's name.
out = Console(highlight=False, markup=False, width=_find_width(sys.stdout))
err = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)


def print_json(document: str) -> None:
    """Print JSON: coloured for people, if it is short; a program gets it as it is, at once."""
    if out.is_terminal and len(document) <= _MOST_COLOURED:
        out.print_json(document)
    else:
        # The console would take minutes for a hundred thousand refused leads.
        out.file.write(f"{document}\n")


def print_error(error: ClayloadError, *, as_json: bool = False) -> None:
    """Print what is wrong and what to do on standard error; as JSON on standard output, too."""
    if as_json:
        print_json(json.dumps({"error": describe_error(error)}, indent=2))
    first, *others = error.message.splitlines()
    err.print(Text(str(error.code), style="bold red"), Text(first), soft_wrap=True)
    for other in others:
        err.print(Text(f"  also: {other}"), soft_wrap=True)
    err.print(Text("next:", style="bold"), Text(error.hint), soft_wrap=True)


def describe_error(error: ClayloadError) -> dict[str, str | int]:
    """Give an error for machines."""
    return {
        "code": str(error.code),
        "message": error.message,
        "hint": error.hint,
        "exit_code": int(error.exit_code),
    }


def print_wrong_usage(end: SystemExit) -> None:
    """Print as JSON why the command ended, if it was for its arguments; people have read it."""
    wrong = end.__context__
    if isinstance(wrong, TyperException):
        error = {
            "code": "usage",
            "message": wrong.format_message(),
            "hint": "see the command with --help",
            "exit_code": wrong.exit_code,
        }
        print_json(json.dumps({"error": error}, indent=2))
