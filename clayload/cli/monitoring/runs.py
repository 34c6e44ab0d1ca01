"""`clayload runs`: which runs were there, and how did each end?"""

import json
import os
from dataclasses import asdict
from typing import Annotated

import typer

from clayload.cli.console import print_json
from clayload.cli.existing import read_existing
from clayload.cli.layout import print_grid, print_sentence
from clayload.cli.options import AsJson
from clayload.monitoring.run_list import read_run_list
from clayload.report.run_list import describe_standing, render_run_list


def runs(
    limit: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 20,
    *,
    as_json: AsJson = False,
) -> None:
    """List the runs, newest first: files, cycle, outcome, leads delivered and still owed."""
    found = read_run_list(read_existing(os.environ), limit)
    if as_json:
        print_json(json.dumps([asdict(run) | {"outcome": describe_standing(run)} for run in found]))
        return
    if found:
        print_grid(render_run_list(found))
    else:
        print_sentence("there was no run yet")
