"""`clayload plan` and `clayload plans`: what would a load of this extract send, take and cost?"""

import json
import os
from typing import Annotated

import typer

from clayload.capacity.load_plan import LoadPlan
from clayload.cli.console import print_json
from clayload.cli.layout import print_grid, print_sections, print_sentence, print_summary
from clayload.cli.options import AsJson, Cycle, Files, Limit, OneTable, WithDetails
from clayload.errors import ExitCode
from clayload.loading.intake.request import LoadRequest
from clayload.loading.planning.plan import plan_load
from clayload.loading.planning.saved_plan import SavedPlan, list_plans, save_plan
from clayload.report.grids import Grid
from clayload.report.plans.load_plan import render_plan
from clayload.report.plans.load_plan_summary import render_plan_summary
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
    details: WithDetails = False,
    as_json: AsJson = False,
) -> None:
    """Read, check and route an extract; show what a load would send, when, and what it takes."""
    setup = read_setup(os.environ)
    request = LoadRequest(tuple(files), cycle, table, limit)
    planned = plan_load(request, setup, asks_clay=not no_live)
    saved = save_plan(planned, setup) if save else None
    plan_id = None if saved is None else saved.plan_id
    if as_json:
        print_json(planned.to_json(plan_id=plan_id))
    else:
        print_plan(planned, details=details)
        if plan_id is not None:
            print_sentence(f"kept as {plan_id}; to send it: `clayload load … --plan {plan_id}`")
    if not planned.is_fitting:
        raise typer.Exit(ExitCode.DEFERRED if planned.is_only_over_budget else ExitCode.PENDING)


def print_plan(planned: LoadPlan, *, details: bool) -> None:
    """Print a load plan: its summary, and with `details` all of it."""
    print_summary(render_plan_summary(planned), details=details)
    print_sections(render_plan(planned) if details else ())


def plans(*, as_json: AsJson = False) -> None:
    """List the load plans that were kept, the newest first."""
    kept = list_plans(read_setup(os.environ))
    if as_json:
        print_json(json.dumps([one.model_dump(mode="json") for one in kept], indent=2))
        return
    header = ("plan", "cycle", "extract", "to send", "go", "credits, likely", "verdict")
    print_grid(Grid(header, tuple(_row_of(one) for one in kept)))


def _row_of(kept: SavedPlan) -> tuple[str, ...]:
    return (
        kept.plan_id,
        kept.cycle,
        kept.extract_id[:12],
        f"{kept.n_to_send:,}",
        f"{kept.n_going:,}",
        f"{kept.spend.likely.credits:,}",
        kept.fit,
    )
