"""Where do the command's words go?

In:    an error, or whatever a command has to say.
Out:   results on standard output; errors and progress on standard error.
Never: an import of what loads leads: an error must be told even by a command that is quick.
"""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from clayload.errors import ClayloadError

# No markup: a column named "[red]" is a column's name.
out = Console(highlight=False, markup=False)
err = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)


def print_json(document: str) -> None:
    """Print a report's JSON: coloured for people; a program gets it as it is, at once."""
    if out.is_terminal:
        out.print_json(document)
    else:
        # The console would take minutes for a hundred thousand refused leads.
        out.file.write(f"{document}\n")


def print_error(error: ClayloadError) -> None:
    """Say what is wrong and what to do, on standard error."""
    first, *others = error.message.splitlines()
    err.print(Text(str(error.code), style="bold red"), Text(first), soft_wrap=True)
    for other in others:
        err.print(Text(f"  also: {other}"), soft_wrap=True)
    err.print(Text("next:", style="bold"), Text(error.hint), soft_wrap=True)
