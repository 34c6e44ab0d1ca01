"""`clayload plan`: what would a load of this extract send?"""

import os

import typer

from clayload.cli.options import AsJson, Cycle, Files, Limit, OneTable
from clayload.cli.say import out
from clayload.cli.show import show_plan
from clayload.errors import ExitCode
from clayload.loading.plan import plan_load
from clayload.loading.request import LoadRequest
from clayload.loading.setup import read_setup


def plan(
    files: Files,
    cycle: Cycle = None,
    table: OneTable = None,
    limit: Limit = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Read, check and route an extract; say what a load would send. Sends and writes nothing."""
    planned = plan_load(LoadRequest(tuple(files), cycle, table, limit), read_setup(os.environ))
    if as_json:
        out.print_json(planned.to_json())
    else:
        show_plan(planned)
    if not planned.is_fitting:
        raise typer.Exit(ExitCode.PENDING)
    if planned.n_over_budget:
        raise typer.Exit(ExitCode.DEFERRED)
