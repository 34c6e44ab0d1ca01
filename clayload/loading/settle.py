"""What is the account of a run, once its chunks are through?

In:    a run's id, and what stopped on the way.
Out:   the run report, written to the run folder and closed in the ledger.
Never: an account while answers may still come: it waits until each is given up.
"""

from __future__ import annotations

import logging
import math
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from pydantic import TypeAdapter

from clayload.errors import ClayloadError, Code
from clayload.ledger.books import Books
from clayload.ledger.left import find_left
from clayload.ledger.recovery import recover
from clayload.ledger.runs import RunRow, find_run, list_children
from clayload.ledger.states import SubmissionState
from clayload.loading.run_folder import RunFolder, open_run_folder
from clayload.loading.samples import read_sample_accounts
from clayload.loading.setup import Setup
from clayload.loading.slots import forecast_slots, warn_of_slots
from clayload.model import RowEnd
from clayload.report.account import (
    ChildRun,
    Problem,
    RunReport,
    SlotAccount,
    count_ends,
    merge_problems,
)
from clayload.report.deferral import find_deferred
from clayload.report.markdown import render_report
from clayload.report.reading import Reading

_LOOK_AGAIN_S = 1.0
_LISTED_DEFERRED = 1_000
_log = logging.getLogger(__name__)
_PROBLEMS = TypeAdapter(tuple[Problem, ...])


def settle_run(
    run_id: str,
    setup: Setup,
    problems: Sequence[Problem] = (),
    tell: Callable[[str], None] = print,
) -> RunReport:
    """Wait for what is in flight, close the run, and give its report.

    Raises:
        LedgerError: the ledger cannot be read or written.
        RunError: the report cannot be written; the ledger holds the account all the same.
    """
    wait_for_answers(run_id, setup, tell)
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
    tell: Callable[[str], None] = lambda _: None,
    within_s: float = math.inf,
) -> None:
    """Wait for leads another process had in flight, until their answers cannot come any more.

    With `within_s`, so many seconds at the most.
    """
    ledger, books, until = setup.ledger, Books(setup.ledger), time.monotonic() + within_s
    recover(ledger, setup.departures_folder)
    ledger.give_up_overdue()
    has_told = False
    while (give_up_at := books.last_give_up_at(run_id)) is not None and time.monotonic() < until:
        wait_s = max(give_up_at - ledger.now(), 0.0)
        if not has_told:
            tell(f"waiting up to {wait_s:.0f} s for leads another process had in flight")
            has_told = True
        time.sleep(min(wait_s + 0.01, _LOOK_AGAIN_S))
        recover(ledger, setup.departures_folder)
        ledger.give_up_overdue()


def read_report(run_id: str | None, setup: Setup, n_listed: int | None = None) -> RunReport:
    """Read the account of a run (the newest without an id) as it stands now.

    It lists every lead that was refused or is in doubt, a kilobyte each, or the first `n_listed`;
    and of the deferred ones, of which there may be any number, the first thousand.
    """
    books, run = _open_books(run_id, setup)
    return _read_account(books, run, setup, read_problems(run), n_listed)


def read_problems(run: RunRow) -> tuple[Problem, ...]:
    """Read what stopped a run on the way; nothing while it runs."""
    return _PROBLEMS.validate_json(run.problems or "[]")


def _open_books(run_id: str | None, setup: Setup) -> tuple[Books, RunRow]:
    books = Books(setup.ledger, find_left(setup.ledger, setup.departures_folder))
    return books, find_run(setup.ledger, run_id)


def _read_account(
    books: Books,
    run: RunRow,
    setup: Setup,
    problems: tuple[Problem, ...],
    n_listed: int | None = None,
) -> RunReport:
    counts = _count(books, run, problems)
    deferred = find_deferred(problems)
    lists = {
        "slots": _slots(books, run.run_id, setup),
        "in_doubt": tuple(books.leads_in(run.run_id, SubmissionState.IN_DOUBT, n_listed)),
        "refused": tuple(books.leads_in(run.run_id, SubmissionState.REFUSED, n_listed)),
        "duration_s": _duration_s(run, setup),
        "children": tuple(_read_children(books, run)),
        "warnings": warn_of_slots(forecast_slots(setup)),
        "deferred": tuple(books.deferred_leads(run.run_id, deferred, n_listed or _LISTED_DEFERRED)),
        "samples": read_sample_accounts(run, counts.tables, setup, books.left),
    }
    return RunReport.model_validate(dict(counts) | lists)


def read_counts(books: Books, run: RunRow) -> RunReport:
    """Read a run's account as far as it is counts: no lists, no slots, no time."""
    return _count(books, run, read_problems(run))


def _count(books: Books, run: RunRow, problems: tuple[Problem, ...]) -> RunReport:
    reading = Reading.model_validate_json(run.preparation)
    tables = books.count_ends(run.run_id, find_deferred(problems))
    return RunReport(
        run_id=run.run_id,
        extract_id=run.extract_id,
        cycle=run.cycle,
        reading=reading,
        tables=tables,
        problems=problems,
        kind=run.kind,
        parent_run_id=run.parent_run_id,
        n_unwritten=_count_unwritten(run, reading, tables),
    )


def _count_unwritten(
    run: RunRow, reading: Reading, tables: Mapping[str, Mapping[RowEnd, int]]
) -> int:
    """Count the leads that a run has still to write down, or had as it was killed.

    Of a run that came to its end all are written; if they were not, its books must not balance.
    """
    if run.finished_at is not None:
        return 0
    n_written = sum(sum(ends.values()) for ends in tables.values())
    return max(reading.n_accepted - n_written, 0)


def _read_children(books: Books, run: RunRow) -> Iterator[ChildRun]:
    for child in list_children(books.ledger, run.run_id):
        reading = Reading.model_validate_json(child.preparation)
        of_tables = books.count_ends(child.run_id, find_deferred(read_problems(child)))
        n_unwritten = _count_unwritten(child, reading, of_tables)
        ends = count_ends(reading, of_tables, n_unwritten)
        yield ChildRun(
            run_id=child.run_id,
            kind=child.kind,
            n_rows=reading.n_rows,
            ends={end: n for end, n in ends.items() if n},
            n_recovered=ends[RowEnd.DELIVERED] - _count_added(books, child.run_id, reading),
        )


def _count_added(books: Books, run_id: str, reading: Reading) -> int:
    """Count what a resubmit delivered of the leads that were added to its file."""
    if not reading.added:
        return 0
    delivered = books.rows_delivered_by(run_id)
    return sum(any(first <= row <= last for first, last in reading.added) for row in delivered)


def _duration_s(run: RunRow, setup: Setup) -> float:
    return (run.finished_at or setup.ledger.now()) - run.started_at


def _slots(books: Books, run_id: str, setup: Setup) -> tuple[SlotAccount, ...]:
    known = {use.slot: use for use in books.slots()}
    used_by_run = books.slots_used_by(run_id)
    return tuple(
        SlotAccount(
            table=name,
            slot=slot.name,
            used=slot.used_before + known[slot.name].used,
            safe_limit=slot.safe_limit,
            used_by_run=used_by_run.get(slot.name, 0),
            state=known[slot.name].state,
            reason=known[slot.name].reason,
        )
        for name, table in setup.config.tables.items()
        for slot in table.slots
        if slot.name in known
    )


def describe_problem(error: BaseException, table: str) -> Problem:
    """Put an error that stopped a chunk into the report's words."""
    if isinstance(error, ClayloadError):
        return Problem(code=error.code, table=table, message=error.message, hint=error.hint)
    # The type and the place only: what an unforeseen error says may hold anything, even a secret.
    place = "".join(traceback.format_tb(error.__traceback__))
    _log.error("unexpected %s in table %s, at\n%s", type(error).__name__, table, place)
    return Problem(
        code=Code.UNEXPECTED,
        table=table,
        message=f"unexpected {type(error).__name__}",
        hint="see the log, report it, and run the same load again: it resumes",
    )
