"""`clayload status`: how does a run stand?"""

import os
from typing import Annotated

import typer

from clayload.cli.options import AsJson
from clayload.cli.show import out, show_report
from clayload.loading.settle import read_report
from clayload.loading.setup import read_setup


def status(
    run: Annotated[str | None, typer.Argument(help="A run's id; the newest by default.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show the account of a run as the ledger holds it now."""
    report = read_report(run, read_setup(os.environ))
    if as_json:
        out.print_json(report.model_dump_json())
    else:
        show_report(report)
