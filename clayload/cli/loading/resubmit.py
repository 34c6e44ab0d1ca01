"""`clayload resubmit`: send what was corrected of the rows a run had set aside."""

import os
from typing import Annotated

import typer

from clayload.cli.existing import read_existing
from clayload.cli.loading.load import Output, carry_out
from clayload.cli.options import AsJson
from clayload.loading.followups.resubmit import request_resubmit
from clayload.setup import read_setup


def resubmit(
    files: Annotated[
        list[str], typer.Argument(help="The corrected file, CSV or Excel; or several of one run.")
    ],
    run: Annotated[
        str | None,
        typer.Option(help="The run they belong to, where no column clayload_run says so."),
    ] = None,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Write what would be sent to files; send nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Send the corrected rows of a quarantine, for the cycle of the run that set them aside."""
    request = request_resubmit(files, run, read_existing(os.environ))
    output = Output(as_json=as_json)
    carry_out(request, read_setup(os.environ), output, dry_run=dry_run)
