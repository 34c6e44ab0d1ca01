"""`clayload load`: send what is owed of an extract."""

import os
from dataclasses import dataclass
from typing import Annotated

import typer

from clayload.cli.console import err, print_json
from clayload.cli.layout import print_sections, print_sentence, print_summary
from clayload.cli.live_progress import run_watched
from clayload.cli.loading.plan import print_plan
from clayload.cli.options import (
    AsJson,
    Cycle,
    Files,
    Limit,
    LoadPlanId,
    LoadPriority,
    OneTable,
    WithDetails,
)
from clayload.loading.intake.request import LoadRequest
from clayload.loading.planning.plan import plan_load
from clayload.loading.run import run_load
from clayload.report.run.run_sections import render_run
from clayload.report.run.run_summary import render_run_summary
from clayload.setup import Setup, read_setup


@dataclass(frozen=True, slots=True)
class Output:
    """How a command gives what it has to say: as JSON, or as a summary with or without details."""

    as_json: bool
    details: bool = False


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
    details: WithDetails = False,
    as_json: AsJson = False,
) -> None:
    """Load an extract into its Clay tables. The same load again sends only what is still owed."""
    request = LoadRequest(tuple(files), cycle, table, limit, priority, plan_id=plan)
    shape = Output(as_json=as_json, details=details)
    carry_out(request, read_setup(os.environ), shape, dry_run=dry_run)


def carry_out(request: LoadRequest, setup: Setup, output: Output, *, dry_run: bool) -> None:
    """Load, or rehearse it, and show what came of it; ends with the report's exit code."""
    if dry_run:
        _rehearse(request, setup, output)
        return
    report = run_watched(
        lambda watch: run_load(request, setup, on_message=err.print, on_prepared=watch), setup
    )
    if output.as_json:
        print_json(report.to_json())
    else:
        print_summary(render_run_summary(report), details=output.details)
        print_sections(render_run(report, with_keys=True) if output.details else ())
    raise typer.Exit(report.exit_code)


def _rehearse(request: LoadRequest, setup: Setup, output: Output) -> None:
    folder = setup.settings.home / "dry-run"
    planned = plan_load(request, setup, bodies_folder=folder)
    if output.as_json:
        print_json(planned.to_json())
    else:
        print_plan(planned, details=output.details)
        print_sentence(f"what would be sent lies in {folder}")
