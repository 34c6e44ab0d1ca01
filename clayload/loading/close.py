"""What is the account of a run, once its chunks are through?

In:    a run's id, and what stopped on the way.
Out:   the run report, written to the run folder and closed in the ledger.
Never: an account while answers may still come: it waits until each is given up.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Sequence

from clayload.account.problem import Problem, dump_problems, merge_problems
from clayload.account.run_report import RunReport
from clayload.ledger.books.run_books import Books
from clayload.ledger.granting.recovery import recover_ended
from clayload.monitoring.run_account import make_report, read_facts
from clayload.report.markdown import render_report
from clayload.runs.run_folder import RunFolder, open_run_folder
from clayload.setup import Setup

_LOOK_AGAIN_S = 1.0

_log = logging.getLogger(__name__)


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
    facts = read_facts(run_id, setup, merged)
    report = make_report(facts.as_closed(), setup.config)
    setup.ledger.finish_run(run_id, report.outcome, dump_problems(merged))
    _log.info(
        "run closed: %(run_id)s, %(outcome)s, %(n_delivered)d delivered in %(took_s).1f s",
        {
            "run_id": run_id,
            "outcome": report.outcome,
            "n_delivered": report.n_delivered,
            "took_s": report.duration_s,
        },
    )
    _write_report(report, open_run_folder(facts.counts.run, setup))
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
    until, is_announced = time.monotonic() + within_s, False
    while (wait_s := _find_wait(run_id, setup)) is not None and time.monotonic() < until:
        if not is_announced:
            on_message(f"waiting up to {wait_s:.0f} s for leads another process had in flight")
            is_announced = True
        time.sleep(min(wait_s + 0.01, _LOOK_AGAIN_S))


def _find_wait(run_id: str, setup: Setup) -> float | None:
    """Find in how many seconds the last answer is given up; None if none is awaited."""
    recover_ended(setup.ledger, setup.departures_folder)
    give_up_at = Books(setup.ledger).last_give_up_at(run_id)
    return None if give_up_at is None else max(give_up_at - setup.ledger.now(), 0.0)
