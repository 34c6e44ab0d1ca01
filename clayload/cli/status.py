"""`clayload status`: how does a run stand?"""

import os
from dataclasses import replace
from typing import Annotated

import typer

from clayload.cli.options import AsJson
from clayload.cli.show import out, show_report
from clayload.errors import Code, RunError
from clayload.ledger.engine import is_new
from clayload.loading.settle import read_report
from clayload.loading.setup import read_setup


def status(
    run: Annotated[str | None, typer.Argument(help="A run's id; the newest by default.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show the account of a run as the ledger holds it now."""
    setup = replace(read_setup(os.environ), is_reading=True)
    if is_new(setup.settings.ledger_url):
        raise RunError(
            Code.RUN_UNKNOWN,
            f"there is no ledger yet at {setup.settings.ledger_url}",
            hint="load an extract first, or name the ledger you mean in CLAYLOAD_HOME",
        )
    report = read_report(run, setup)
    if as_json:
        out.print_json(report.to_json())
    else:
        show_report(report)
