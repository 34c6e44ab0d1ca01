"""What is the account of a run, once its chunks are through?

In:    a run's id, and what stopped on the way.
Out:   the run report, written to the run folder and closed in the ledger.
Never: an account while answers may still come: it waits until each is given up.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from clayload.account.problem import _PROBLEMS, Problem, merge_problems
from clayload.account.run_report import RunReport
from clayload.ledger.books.run_books import Books
from clayload.ledger.granting.recovery import recover
from clayload.monitoring.run_account import _open_books, _read_account
from clayload.report.markdown import render_report
from clayload.runs.folder import RunFolder, open_run_folder
from clayload.setup import Setup

_LOOK_AGAIN_S = 1.0


def close_run(
    run_id: str,
    setup: Setup,
    problems: Sequence[Problem] = (),
    on_message: Callable[[str], None] = print,
) -> RunReport:
    """Wait for what is in flight, close the run, and give its report.

    Raises:
        LedgerError: the ledger cannot be read or written.
        RunError: the report cannot be written; the ledger holds the account all the same.
    """
    wait_for_answers(run_id, setup, on_message)
    merged = merge_problems(problems)
    books, run = _open_books(run_id, setup)
    # From here on nothing more is written down of it: what is missing is missing.
    ended = replace(run, finished_at=setup.ledger.now())
    report = _read_account(books, ended, setup, merged)
    setup.ledger.finish_run(run_id, report.outcome, _PROBLEMS.dump_json(merged).decode())
    _write_report(report, open_run_folder(run, setup))
    return report


def _write_report(report: RunReport, folder: RunFolder) -> None:
    hint = "nothing is lost: `clayload status` has it all; free some space, or see why"
    folder.write("report.json", report.to_json().encode(), hint)
    folder.write("report.md", render_report(report, with_keys=True).encode(), hint)


def wait_for_answers(
    run_id: str,
    setup: Setup,
    on_message: Callable[[str], None] = lambda _: None,
    within_s: float = math.inf,
) -> None:
    """Wait for leads another process had in flight, until their answers cannot come any more.

    With `within_s`, so many seconds at the most.
    """
    ledger, books, until = setup.ledger, Books(setup.ledger), time.monotonic() + within_s
    recover(ledger, setup.departures_folder)
    ledger.give_up_overdue()
    is_announced = False
    while (give_up_at := books.last_give_up_at(run_id)) is not None and time.monotonic() < until:
        wait_s = max(give_up_at - ledger.now(), 0.0)
        if not is_announced:
            on_message(f"waiting up to {wait_s:.0f} s for leads another process had in flight")
            is_announced = True
        time.sleep(min(wait_s + 0.01, _LOOK_AGAIN_S))
        recover(ledger, setup.departures_folder)
        ledger.give_up_overdue()


def recover_ended(setup: Setup) -> None:
    """Settle what ended processes left behind, so that a plan sees all of it."""
    recover(setup.ledger, setup.departures_folder)
    setup.ledger.give_up_overdue()
