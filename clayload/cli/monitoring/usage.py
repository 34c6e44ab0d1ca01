"""`clayload usage`: what is used a day, and what will it come to by the end of the month?"""

import json
import os
from dataclasses import asdict
from typing import Annotated

import typer

from clayload.capacity.usage import Usage
from clayload.cli.console import out, print_json
from clayload.cli.layout import print_grid, print_sentence
from clayload.cli.options import AsJson
from clayload.monitoring.usage import read_usage
from clayload.report.usage import describe_owed, render_days, render_lines
from clayload.setup import read_setup


def usage(
    *,
    days: Annotated[
        int, typer.Option(min=1, max=366, help="How many local days back, today included.")
    ] = 30,
    by_table: Annotated[
        bool, typer.Option("--by-table", help="A line for each table of a day.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show leads, credits and Actions by day, and what the billing month will come to."""
    used = read_usage(read_setup(os.environ, read_only=True), days)
    if as_json:
        print_json(json.dumps(_describe(used), indent=2, default=str))
        return
    title = f"workspace {used.workspace}, days in {used.time_zone}"
    print_grid(render_days(used, by_table=by_table), title)
    out.print()
    print_grid(render_lines(used.lines), "this billing month, and by its end")
    out.print()
    print_sentence(describe_owed(used.owed))


def _describe(used: Usage) -> dict[str, object]:
    lines = [asdict(line) | {"part_used": line.part_used} for line in used.lines]
    return asdict(used) | {"lines": lines}
