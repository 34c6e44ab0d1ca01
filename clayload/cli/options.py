"""Which arguments do several commands share?

In:    nothing.
Out:   annotated types, so that an option reads the same everywhere.
Never: a default that sends something.
"""

from typing import Annotated

import typer

from clayload.cli.suggestions import suggest_runs, suggest_tables
from clayload.model import Priority

Files = Annotated[
    list[str], typer.Argument(help="Extract files, glob patterns or s3:// addresses, read as one.")
]
Cycle = Annotated[
    str | None,
    typer.Option(help="What the extract is for: a month such as 2026-11, or an event's name."),
]
OneTable = Annotated[
    str | None,
    typer.Option("--table", help="Only the leads of this table.", autocompletion=suggest_tables),
]
RunOrNewest = Annotated[
    str | None,
    typer.Argument(help="A run's id; the newest by default.", autocompletion=suggest_runs),
]
Limit = Annotated[int | None, typer.Option(min=1, help="At most so many leads.")]
LoadPriority = Annotated[
    Priority | None,
    typer.Option("--priority", help="Who goes first at the shared rate, in place of the tables'."),
]
LoadPlanId = Annotated[
    str | None,
    typer.Option("--plan", help="Keep to this plan, made by `clayload plan --save`, or refuse."),
]
WithDetails = Annotated[
    bool, typer.Option("--details", help="Below the summary, print all there is to know.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")]
