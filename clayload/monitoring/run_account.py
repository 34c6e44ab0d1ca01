"""How does a run stand?

In:    a run's id, configuration and ledger.
Out:   its balanced account, at whatever moment.
Never: a write, nor a wait.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from clayload.account.deferral import find_deferred
from clayload.account.extract_summary import ExtractSummary
from clayload.account.problem import Problem, read_problems
from clayload.account.run_report import ChildRun, RunReport, SlotAccount, count_ends
from clayload.ledger.books.orphans import find_orphans
from clayload.ledger.books.run_books import Books
from clayload.ledger.books.runs import RunRow, find_run, list_children
from clayload.ledger.rules.states import SubmissionState
from clayload.model import RowEnd
from clayload.monitoring.samples import read_sample_accounts
from clayload.monitoring.slots import forecast_slots, warn_of_slots
from clayload.monitoring.standing import find_end
from clayload.setup import Setup

_LISTED_DEFERRED = 1_000


def read_report(run_id: str | None, setup: Setup, n_listed: int | None = None) -> RunReport:
    """Read the account of a run (the newest without an id) as it stands now.

    It lists every lead that was refused or is in doubt, a kilobyte each, or the first `n_listed`;
    and of the deferred ones, of which there may be any number, the first thousand.
    """
    books, run = _open_books(run_id, setup)
    return _read_account(books, run, setup, read_problems(run), n_listed)


def _open_books(run_id: str | None, setup: Setup) -> tuple[Books, RunRow]:
    books = Books(setup.ledger, find_orphans(setup.ledger, setup.departures_folder))
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
        "duration_s": find_end(run, setup) - run.started_at,
        "children": tuple(_read_children(books, run)),
        "warnings": warn_of_slots(forecast_slots(setup)),
        "deferred": tuple(books.deferred_leads(run.run_id, deferred, n_listed or _LISTED_DEFERRED)),
        "samples": read_sample_accounts(run, counts.tables, setup, books.orphans),
    }
    return RunReport.model_validate(dict(counts) | lists)


def read_counts(books: Books, run: RunRow) -> RunReport:
    """Read a run's account as far as it is counts: no lists, no slots, no time."""
    return _count(books, run, read_problems(run))


def _count(books: Books, run: RunRow, problems: tuple[Problem, ...]) -> RunReport:
    extract = ExtractSummary.model_validate_json(run.extract_summary)
    tables = books.count_ends(run.run_id, find_deferred(problems))
    return RunReport(
        run_id=run.run_id,
        extract_id=run.extract_id,
        cycle=run.cycle,
        extract=extract,
        tables=tables,
        problems=problems,
        kind=run.kind,
        parent_run_id=run.parent_run_id,
        n_unwritten=_count_unwritten(run, extract, tables),
    )


def _count_unwritten(
    run: RunRow, extract: ExtractSummary, tables: Mapping[str, Mapping[RowEnd, int]]
) -> int:
    """Count the leads that a run has still to write down, or had as it was killed.

    Of a run that came to its end all are written; if they were not, its books must not balance.
    """
    if run.finished_at is not None:
        return 0
    n_written = sum(sum(ends.values()) for ends in tables.values())
    return max(extract.n_accepted - n_written, 0)


def _read_children(books: Books, run: RunRow) -> Iterator[ChildRun]:
    for child in list_children(books.ledger, run.run_id):
        extract = ExtractSummary.model_validate_json(child.extract_summary)
        of_tables = books.count_ends(child.run_id, find_deferred(read_problems(child)))
        n_unwritten = _count_unwritten(child, extract, of_tables)
        ends = count_ends(extract, of_tables, n_unwritten)
        yield ChildRun(
            run_id=child.run_id,
            kind=child.kind,
            n_rows=extract.n_rows,
            ends={end: n for end, n in ends.items() if n},
            n_recovered=ends[RowEnd.DELIVERED] - _count_added(books, child.run_id, extract),
        )


def _count_added(books: Books, run_id: str, extract: ExtractSummary) -> int:
    """Count what a resubmit delivered of the leads that were added to its file."""
    if not extract.added:
        return 0
    delivered = books.rows_delivered_by(run_id)
    return sum(any(first <= row <= last for first, last in extract.added) for row in delivered)


def _slots(books: Books, run_id: str, setup: Setup) -> tuple[SlotAccount, ...]:
    known = {use.slot: use for use in books.slots()}
    used_by_run = books.slots_used_by(run_id)
    return tuple(
        SlotAccount(
            table=name,
            slot=slot.name,
            used=slot.already_used + known[slot.name].used,
            safe_limit=slot.safe_limit,
            used_by_run=used_by_run.get(slot.name, 0),
            state=known[slot.name].state,
            reason=known[slot.name].reason,
        )
        for name, table in setup.config.tables.items()
        for slot in table.slots
        if slot.name in known
    )
