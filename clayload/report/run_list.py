"""How does the list of runs look?

In:    runs, newest first.
Out:   a grid with a row for each.
Never: more than a line of a run: `clayload status RUN` has the rest.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from clayload.account.listed_run import ListedRun
from clayload.ledger.books.run_activity import RunStatus
from clayload.report.grids import Grid
from clayload.report.moments import describe_seconds

_HEADER = ("run", "files", "cycle", "outcome", "delivered", "owed", "started, UTC", "took")


def render_run_list(runs: Iterable[ListedRun]) -> Grid:
    """Give a row for each run."""
    return Grid(_HEADER, tuple(_row_of(run) for run in runs))


def _row_of(run: ListedRun) -> tuple[str, ...]:
    return (
        run.run_id,
        _describe_source(run),
        run.cycle,
        describe_standing(run),
        f"{run.n_delivered:,}",
        f"{run.n_owed:,}",
        f"{datetime.fromtimestamp(run.started_at, UTC):%Y-%m-%d %H:%M}",
        describe_seconds(run.took_s),
    )


def describe_standing(run: ListedRun) -> str:
    """Say how a run ended, or how it stands."""
    if run.outcome is not None:
        return run.outcome
    return "interrupted" if run.status is RunStatus.ABANDONED else run.status


def _describe_source(run: ListedRun) -> str:
    """Say what a run read: its files, or the run whose leads it took up."""
    first, *others = run.files or (f"{run.kind} of {run.parent_run_id}",)
    return f"{first} +{len(others)}" if others else first
