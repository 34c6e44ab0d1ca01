"""Which runs were there, and how did each end?

In:    the ledger, as of one moment.
Out:   a line for each of the newest runs: what it read, how it ended or stands, what it delivered.
Never: a lead, nor a question for each run: but for the few that nobody has closed.
"""

from __future__ import annotations

from clayload.account.extract_summary import ExtractSummary
from clayload.account.listed_run import ListedRun
from clayload.ledger.books.run_activity import RunStatus, read_activity
from clayload.ledger.books.run_books import Books, open_books
from clayload.ledger.books.runs import RunRow, RunTally, list_newest, tally_runs
from clayload.setup import Setup


def read_run_list(setup: Setup, limit: int) -> list[ListedRun]:
    """List the newest `limit` runs, newest first, as they stand at one moment.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    with open_books(setup.ledger, setup.departures_folder) as books:
        runs = list_newest(books.ledger, limit)
        tallies = tally_runs(books, [run.run_id for run in runs])
        workspace = setup.config.workspace.name
        return [
            _describe(run, tallies.get(run.run_id, RunTally()), books, workspace) for run in runs
        ]


def _describe(run: RunRow, tally: RunTally, books: Books, workspace: str) -> ListedRun:
    extract = ExtractSummary.model_validate_json(run.extract_summary)
    status, ended_at = _find_end(run, books, workspace)
    # An open run has perhaps not yet written down all that it accepted.
    n_unwritten = 0 if run.finished_at else max(extract.n_accepted - tally.n_written, 0)
    return ListedRun(
        run_id=run.run_id,
        kind=run.kind,
        parent_run_id=run.parent_run_id,
        files=extract.files,
        cycle=run.cycle,
        status=status,
        outcome=run.outcome,
        n_delivered=tally.n_delivered,
        n_owed=tally.n_owed + n_unwritten,
        started_at=run.started_at,
        took_s=ended_at - run.started_at,
    )


def _find_end(run: RunRow, books: Books, workspace: str) -> tuple[RunStatus, float]:
    if run.finished_at is not None:
        return RunStatus.CLOSED, run.finished_at
    activity = read_activity(books, run, workspace)
    return activity.status, activity.ended_at
