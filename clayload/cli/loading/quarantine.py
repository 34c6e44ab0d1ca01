"""`clayload quarantine export`: what a run set aside, for a spreadsheet."""

import os
from pathlib import Path
from typing import Annotated

import typer

from clayload.account.extract_summary import ExtractSummary
from clayload.cli.console import out as screen
from clayload.cli.existing import read_existing
from clayload.cli.suggestions import suggest_runs
from clayload.frames.set_aside import QUARANTINE_FILE, UNROUTED_FILE
from clayload.ledger.books.runs import RunRow, find_run
from clayload.plural import count
from clayload.report.quarantine import SetAsideRows, export_rows
from clayload.runs.run_folder import find_run_folder, folder_gone
from clayload.setup import Setup

app = typer.Typer(
    help="Get the rows a run set aside back into a spreadsheet.", no_args_is_help=True
)


@app.command("export")
def export(
    run: Annotated[
        str,
        typer.Argument(help="The id of the run that set them aside.", autocompletion=suggest_runs),
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="The file, .csv or .xlsx; quarantine-RUN.csv here by default."),
    ] = None,
    *,
    unrouted: Annotated[
        bool, typer.Option("--unrouted", help="Instead, the leads that no table's filter took.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Write a run's quarantined leads, in the user's own columns with reasons, to CSV or Excel."""
    setup = read_existing(os.environ)
    found = find_run(setup.ledger, run)
    extract = ExtractSummary.model_validate_json(found.extract_summary)
    what = "unrouted" if unrouted else "quarantined"
    n_rows = extract.n_unrouted if unrouted else extract.n_quarantined
    if not n_rows:
        screen.print(f"run {found.run_id} has no {what} leads: nothing to export")
        return
    aside = _find(found, setup, UNROUTED_FILE if unrouted else QUARANTINE_FILE, n_rows)
    path = out or Path(f"{'unrouted' if unrouted else 'quarantine'}-{found.run_id}.csv")
    export_rows(aside, path, force=force)
    lie = count(n_rows, f"{what} lead", f"{what} leads")
    screen.print(f"{lie} of run {found.run_id}, written to {path}", soft_wrap=True)
    screen.print(f"next: correct them there, save, and `clayload resubmit {path}`", soft_wrap=True)


def _find(run: RunRow, setup: Setup, name: str, n_rows: int) -> SetAsideRows:
    path = find_run_folder(run, setup, name) / name
    if not path.exists():
        raise folder_gone(run, path)
    return SetAsideRows(run.run_id, path, n_rows)
