"""`clayload report`: a run's report as a page with plots."""

import os
from pathlib import Path
from typing import Annotated

import typer

from clayload.cli.console import out as screen
from clayload.cli.existing import read_existing
from clayload.cli.options import RunOrNewest
from clayload.loading.report_page import write_page
from clayload.monitoring.run_account import read_report
from clayload.report.run.run_grids import LISTED_LEADS


def _check_name(path: Path | None) -> Path | None:
    # What is there is replaced: so it must not be an extract or a configuration.
    if path is not None and path.suffix.lower() != ".html":
        message = f"{path} does not end in .html"
        raise typer.BadParameter(message)
    return path


def report(
    run: RunOrNewest = None,
    out: Annotated[
        Path | None,
        typer.Option(
            callback=_check_name,
            help="The file, .html; report.html in the run's folder by default.",
        ),
    ] = None,
) -> None:
    """Write a run's report as one HTML page with plots; print where it is."""
    setup = read_existing(os.environ)
    place = write_page(read_report(run, setup, LISTED_LEADS), setup, out)
    screen.print(place, soft_wrap=True)
