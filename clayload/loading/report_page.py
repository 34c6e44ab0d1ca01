"""Where does a run's page lie, and how do people get there?

In:    a run report, and the surroundings of the run.
Out:   `report.html` in the run's folder or where a person wants it, and how to open it.
Never: a page for a load that nobody asked one for: plots take half a second, and 100 MB.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from urllib.parse import quote

from clayload.account.run_report import RunReport
from clayload.errors import RunError
from clayload.folder import writing_to
from clayload.ledger.books.run_traffic import read_run_traffic
from clayload.ledger.books.runs import RunRow, find_run
from clayload.objects import is_remote
from clayload.report.page import render_page
from clayload.runs.run_folder import open_run_folder
from clayload.setup import Setup

PAGE_FILE = "report.html"
_HINT = "name another file with --out"


def write_page(report: RunReport, setup: Setup, path: Path | None = None) -> str:
    """Write the page of a run, and say where; as `report.md`, it names leads.

    It lies in the run's folder, or at `path`.

    Raises:
        RunError: the run's folder is gone, or the page cannot be written.
        LedgerError: the ledger cannot be read.
    """
    run = find_run(setup.ledger, report.run_id)
    put = _choose_place(run, setup, path)
    traffic = read_run_traffic(setup.ledger, run, setup.config.workspace.name)
    return put(render_page(report, traffic, with_keys=True).encode())


def _choose_place(run: RunRow, setup: Setup, path: Path | None) -> Callable[[bytes], str]:
    """Give what writes the page; before it is drawn, which takes a while."""
    if path is not None:
        return partial(_write_to, path)
    try:
        return partial(open_run_folder(run, setup).write, PAGE_FILE, hint=_HINT)
    except RunError as gone:
        hint = "name another place for the page with --out, a file that ends in .html"
        raise RunError(gone.code, gone.message, hint=hint, **gone.facts) from None


def _write_to(path: Path, page: bytes) -> str:
    with writing_to(path.parent, hint=_HINT):
        path.write_bytes(page)
    return str(path)


def link_page(place: str, run_id: str, setup: Setup) -> str:
    """Say in markdown where a page is: a link if run folders are served, or else its place."""
    if setup.settings.reports_url is None:
        return f"`{place if is_remote(place) else Path(place).absolute()}`"
    return f"[{PAGE_FILE}](<{setup.settings.reports_url}/{quote(run_id)}/{PAGE_FILE}>)"
