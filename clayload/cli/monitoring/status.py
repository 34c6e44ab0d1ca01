"""`clayload status`: how does a run stand?"""

import os
from collections.abc import Mapping
from dataclasses import asdict

from clayload.cli.console import out, print_json
from clayload.cli.options import AsJson, RunOrNewest
from clayload.cli.show import print_report, print_workspaces
from clayload.errors import Code, RunError
from clayload.ledger.books.traffic import read_workspaces
from clayload.ledger.database.engine import is_new
from clayload.monitoring.budgets import describe_budgets, read_budgets
from clayload.monitoring.run_account import read_report
from clayload.report.grids import LISTED_LEADS
from clayload.setup import Setup, read_setup


def status(
    run: RunOrNewest = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show the account of a run as the ledger holds it now."""
    setup = read_existing(os.environ)
    report = read_report(run, setup, None if as_json else LISTED_LEADS)
    workspaces = read_workspaces(setup.ledger)
    budgets = read_budgets(setup)
    if as_json:
        of_workspaces = [asdict(use) | {"allowed_per_s": use.allowed_per_s} for use in workspaces]
        of_budgets = [asdict(use) for use in budgets]
        print_json(report.to_json(workspaces=of_workspaces, budgets=of_budgets))
    else:
        print_report(report)
        print_workspaces(workspaces)
        for sentence in describe_budgets(budgets):
            out.print(f"budget {sentence}", soft_wrap=True)


def read_existing(environ: Mapping[str, str]) -> Setup:
    """Read the surroundings of runs that were; the ledger is opened read-only.

    Raises:
        RunError: there is no ledger yet.
    """
    setup = read_setup(environ, read_only=True)
    if is_new(setup.settings.ledger_url):
        raise RunError(
            Code.RUN_UNKNOWN,
            f"there is no ledger yet at {setup.settings.ledger_url}",
            hint="load an extract first, or name the ledger you mean in CLAYLOAD_HOME",
        )
    return setup
