"""`clayload status`: how does a run stand?"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from clayload.cli.console import print_json
from clayload.cli.existing import read_existing
from clayload.cli.layout import print_sections, print_summary
from clayload.cli.options import AsJson, RunOrNewest, WithDetails
from clayload.ledger.books.traffic import WorkspaceUse, read_workspaces
from clayload.monitoring.budgets import read_budgets
from clayload.monitoring.run_account import read_report
from clayload.monitoring.standing import read_standing
from clayload.report.budgets import describe_budgets
from clayload.report.run.run_grids import LISTED_LEADS
from clayload.report.run.run_sections import render_run
from clayload.report.run.run_summary import describe_next_step, render_run_summary
from clayload.report.run.workspaces import describe_workspace, is_held_up


def status(
    run: RunOrNewest = None,
    *,
    details: WithDetails = False,
    as_json: AsJson = False,
) -> None:
    """Show the account of a run as the ledger holds it now."""
    setup = read_existing(os.environ)
    report = read_report(run, setup, None if as_json else LISTED_LEADS)
    standing = read_standing(report.run_id, setup)
    workspaces = read_workspaces(setup.ledger)
    budgets = read_budgets(setup)
    if as_json:
        more = {
            "workspaces": [
                asdict(use) | {"allowed_per_s": use.allowed_per_s} for use in workspaces
            ],
            "budgets": [asdict(use) for use in budgets],
            "next_step": describe_next_step(report, standing),
            "standing": None if standing is None else asdict(standing),
        }
        print_json(report.to_json(**more))
        return
    is_running = standing is not None and standing.is_running
    notes = _list_notes(workspaces, is_of_all=is_running or details)
    of_budgets = describe_budgets(budgets) if details else ()
    print_summary(render_run_summary(report, standing, *notes, *of_budgets), details=details)
    print_sections(render_run(report, with_keys=True) if details else ())


def _list_notes(workspaces: Sequence[WorkspaceUse], *, is_of_all: bool) -> Iterator[str]:
    """Say how fast the workspaces go: all of them, or those that are held up."""
    shown = (use for use in workspaces if is_of_all or is_held_up(use))
    yield from (describe_workspace(use) for use in shown)
