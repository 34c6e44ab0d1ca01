"""`clayload plan` and `clayload plans`: what would a load of this extract send, take and cost?"""

import json
import os
from typing import Annotated

import typer

from clayload.cli.console import out
from clayload.cli.options import AsJson, Cycle, Files, Limit, OneTable
from clayload.cli.show import print_grid, print_plan
from clayload.errors import ExitCode
from clayload.loading.intake.request import LoadRequest
from clayload.loading.planning.plan import plan_load
from clayload.loading.planning.saved_plan import list_plans, save_plan
from clayload.setup import read_setup


def plan(
    files: Files,
    cycle: Cycle = None,
    table: OneTable = None,
    limit: Limit = None,
    *,
    save: Annotated[
        bool, typer.Option("--save", help="Keep the plan, so that a load can be held to it.")
    ] = False,
    no_live: Annotated[
        bool, typer.Option("--no-live", help="Ask nothing of Clay, even if its command is there.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Read, check and route an extract; say what a load would send, when, and what it takes."""
    setup = read_setup(os.environ)
    request = LoadRequest(tuple(files), cycle, table, limit)
    planned = plan_load(request, setup, asks_clay=not no_live)
    saved = save_plan(planned, setup) if save else None
    plan_id = None if saved is None else saved.plan_id
    if as_json:
        out.print_json(planned.to_json(plan_id=plan_id))
    else:
        print_plan(planned)
        if plan_id is not None:
            out.print(f"kept as {plan_id}; to send it: clayload load … --plan {plan_id}")
    if not planned.is_fitting:
        raise typer.Exit(ExitCode.DEFERRED if planned.is_only_over_budget else ExitCode.PENDING)


def plans(*, as_json: AsJson = False) -> None:
    """List the load plans that were kept, the newest first."""
    kept = list_plans(read_setup(os.environ))
    if as_json:
        out.print_json(json.dumps([one.model_dump(mode="json") for one in kept]))
        return
    print_grid(
        ["plan", "cycle", "extract", "to send", "go", "credits, likely", "verdict"],
        (
            [
                one.plan_id,
                one.cycle,
                one.extract_id[:12],
                one.n_to_send,
                one.n_going,
                one.spend.likely.credits,
                one.fit,
            ]
            for one in kept
        ),
    )
