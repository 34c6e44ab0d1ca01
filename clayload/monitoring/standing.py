"""How does a run go that was not closed?

In:    a run's id, configuration and ledger.
Out:   whether somebody works on it, how fast it goes, and since when it does not.
Never: a write; nor an answer of its own to whether somebody works on it: `RunActivity` has that.
"""

from __future__ import annotations

from clayload.account.standing import RunStanding
from clayload.ledger.books.pauses import find_pause
from clayload.ledger.books.run_activity import read_activity
from clayload.ledger.books.run_books import open_books
from clayload.ledger.books.run_traffic import RunTraffic, read_run_traffic
from clayload.ledger.books.runs import find_run
from clayload.ledger.books.traffic import LAST_S
from clayload.setup import Setup


def read_standing(run_id: str, setup: Setup) -> RunStanding | None:
    """Read how a run goes that was not closed, as of one moment; None for one that was.

    Raises:
        RunError: there is no such run.
        LedgerError: the ledger cannot be read.
    """
    workspace = setup.config.workspace.name
    with open_books(setup.ledger, setup.departures_folder) as books:
        run = find_run(books.ledger, run_id)
        if run.finished_at is not None:
            return None
        activity = read_activity(books, run, workspace)
        return RunStanding(
            is_running=activity.status.is_worked_on,
            rate_per_s=_measure_rate(
                read_run_traffic(books.ledger, run, workspace), run.started_at, activity.now
            ),
            idle_s=activity.idle_s,
            halted_by=run.halted_by,
            pause=find_pause(books.ledger, workspace),
        )


def _measure_rate(traffic: RunTraffic, started_at: float, now: float) -> float:
    """Measure how many leads of a run were sent a second, over the last minute."""
    window_s = min(now - started_at, LAST_S)
    n_sent = sum(n for at, n in traffic.sent if at > now - LAST_S)
    return n_sent / window_s if window_s > 0 else 0.0
