"""Does a run that was not closed still go on, how fast, and if not, since when does it not?

In:    a run, the ledger.
Out:   how it stands; the moment to which its duration counts.
Never: a write; and no second answer to whether somebody works on a run: the one that counts is
       asked in `_is_worked_on`, and nowhere else in this file.
"""

from __future__ import annotations

from collections import Counter

from clayload.account.standing import RunStanding
from clayload.ledger.books.condition import RunCondition, read_condition
from clayload.ledger.books.orphans import Orphans, find_orphans
from clayload.ledger.books.pauses import Pause, find_pause
from clayload.ledger.books.run_traffic import read_run_traffic
from clayload.ledger.books.runs import RunRow
from clayload.ledger.books.traffic import LAST_S
from clayload.monitoring.diagnosis.pace import has_ended
from clayload.monitoring.diagnosis.signs import ProcessSigns
from clayload.setup import Setup


def read_standing(run: RunRow, setup: Setup) -> RunStanding | None:
    """Read how a run stands that was not closed; None for one that was.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    if run.finished_at is not None:
        return None
    condition, pause = _read(run, setup)
    return RunStanding(
        is_running=_is_worked_on(run, condition, pause),
        rate_per_s=_measure_rate(run, condition.now, setup),
        idle_s=condition.now - condition.moved_at,
        halted_by=run.halted_by,
        pause=pause,
    )


def find_end(run: RunRow, setup: Setup) -> float:
    """Find when a run ended (epoch seconds): it was closed, or last moved; now, while it goes on.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    if run.finished_at is not None:
        return run.finished_at
    condition, pause = _read(run, setup)
    return condition.now if _is_worked_on(run, condition, pause) else condition.moved_at


def _read(run: RunRow, setup: Setup) -> tuple[RunCondition, Pause | None]:
    workspace = setup.config.workspace.name
    orphans: Orphans = find_orphans(setup.ledger, setup.departures_folder)
    condition = read_condition(setup.ledger, run, workspace, orphans)
    return condition, find_pause(setup.ledger, workspace)


def _is_worked_on(run: RunRow, condition: RunCondition, pause: Pause | None) -> bool:
    """Whether somebody works on a run: the one place in which this is asked for `status`."""
    return not has_ended(describe_process(run, condition), is_paused=pause is not None)


def describe_process(run: RunRow, condition: RunCondition) -> ProcessSigns:
    """Give the signs of a process that works on a run."""
    return ProcessSigns(
        is_open=run.finished_at is None,
        halted_by=run.halted_by,
        is_in_flight=bool(condition.in_flight),
        charged=Counter(condition.in_flight) + Counter(condition.unsent),
        n_left_behind=condition.n_lost + sum(condition.unsent.values()),
        is_anybody_asking=condition.is_anybody_asking,
        started_s=condition.now - run.started_at,
        idle_s=condition.now - condition.moved_at,
    )


def _measure_rate(run: RunRow, now: float, setup: Setup) -> float:
    """Measure how many leads of the run were answered a second, over the last minute."""
    traffic = read_run_traffic(setup.ledger, run, setup.config.workspace.name)
    window_s = min(now - run.started_at, LAST_S)
    n_answered = sum(n for at, n in traffic.answers if at > now - LAST_S)
    return n_answered / window_s if window_s > 0 else 0.0
