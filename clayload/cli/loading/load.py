"""`clayload load`: send what is owed of an extract."""

import os
from typing import Annotated

import typer

from clayload.cli.console import err, out, print_json
from clayload.cli.live_progress import run_watched
from clayload.cli.options import AsJson, Cycle, Files, Limit, LoadPlanId, LoadPriority, OneTable
from clayload.cli.show import print_plan, print_report
from clayload.loading.intake.request import LoadRequest
from clayload.loading.planning.plan import plan_load
from clayload.loading.run import run_load
from clayload.setup import Setup, read_setup


def load(
    files: Files,
    cycle: Cycle = None,
    table: OneTable = None,
    limit: Limit = None,
    priority: LoadPriority = None,
    *,
    plan: LoadPlanId = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Write what would be sent to files; send nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Load an extract into its Clay tables. The same load again sends only what is still owed."""
    request = LoadRequest(tuple(files), cycle, table, limit, priority, plan_id=plan)
    carry_out(request, read_setup(os.environ), dry_run=dry_run, as_json=as_json)


def carry_out(request: LoadRequest, setup: Setup, *, dry_run: bool, as_json: bool) -> None:
    """Load, or rehearse it, and show what came of it; ends with the report's exit code."""
    if dry_run:
        _rehearse(request, setup, as_json=as_json)
        return
    report = run_watched(
        lambda watch: run_load(request, setup, on_message=err.print, on_prepared=watch), setup
    )
    if as_json:
        print_json(report.to_json())
    else:
        print_report(report)
    raise typer.Exit(report.exit_code)


def _rehearse(request: LoadRequest, setup: Setup, *, as_json: bool) -> None:
    folder = setup.settings.home / "dry-run"
    planned = plan_load(request, setup, bodies_folder=folder)
    if as_json:
        out.print_json(planned.to_json())
    else:
        print_plan(planned)
        out.print(f"what would be sent lies in {folder}")
