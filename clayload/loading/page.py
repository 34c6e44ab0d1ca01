"""Where does a run's page lie, and how do people get there?

In:    a run report, and the surroundings of the run.
Out:   `report.html` in the run's folder or where a person wants it, and how to open it.
Never: a page for a load that nobody asked one for: plots take half a second, and 100 MB.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from clayload.errors import RunError
from clayload.folder import writing_to
from clayload.ledger.books import Books, RunRow
from clayload.ledger.run_traffic import read_run_traffic
from clayload.loading.run_folder import find_run_folder
from clayload.loading.setup import Setup
from clayload.report.account import RunReport
from clayload.report.page import render_page

PAGE_FILE = "report.html"


def write_page(report: RunReport, setup: Setup, path: Path | None = None) -> Path:
    """Write the page of a run, in its folder unless told where; as `report.md`, it names leads.

    Raises:
        RunError: the run's folder is gone, or the page cannot be written.
        LedgerError: the ledger cannot be read.
    """
    run = Books(setup.ledger).find_run(report.run_id)
    path = path or _find_place(run, setup)
    workspace = setup.config.workspace
    traffic = read_run_traffic(setup.ledger, run, workspace.name)
    page = render_page(report, traffic, workspace.rate_per_s, with_keys=True)
    with writing_to(path.parent, hint="name another file with --out"):
        path.write_text(page, "utf-8")
    return path


def _find_place(run: RunRow, setup: Setup) -> Path:
    try:
        return find_run_folder(run, setup) / PAGE_FILE
    except RunError as gone:
        hint = "name another place for the page with --out, a file that ends in .html"
        raise RunError(gone.code, gone.message, hint=hint, **gone.facts) from None


def link_page(path: Path, run_id: str, setup: Setup) -> str:
    """Say in markdown where a page is: a link if run folders are served, or else its path."""
    if setup.settings.reports_url is None:
        return f"`{path.absolute()}`"
    return f"[{PAGE_FILE}](<{setup.settings.reports_url}/{quote(run_id)}/{PAGE_FILE}>)"
