"""How does a run stand?

In:    a run's id, configuration and ledger.
Out:   its balanced account, at whatever moment.
Never: a write, nor a wait; and no figure of another moment than the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from clayload.account.problem import Problem
from clayload.account.run_report import ChildRun, RunReport, SlotAccount, count_ends
from clayload.ledger.books.run_books import open_books
from clayload.ledger.books.runs import find_run
from clayload.model import RowEnd
from clayload.monitoring.run_facts import (
    ChildFacts,
    RunCounts,
    RunFacts,
    read_counts,
    read_run_facts,
)
from clayload.monitoring.samples import describe_samples
from clayload.monitoring.slots import forecast_tables, warn_of_slots
from clayload.setup import Setup
from clayload.tables.tables_file import TablesConfig


def read_report(run_id: str | None, setup: Setup, n_listed: int | None = None) -> RunReport:
    """Read the account of a run (the newest without an id) as it stands now.

    Lists of leads may be cut to the first `n_listed` (see `read_run_facts`).

    Raises:
        RunError: there is no such run.
        LedgerError: the ledger cannot be read.
    """
    return make_report(read_facts(run_id, setup, n_listed=n_listed), setup.config)


def read_facts(
    run_id: str | None,
    setup: Setup,
    problems: Sequence[Problem] | None = None,
    n_listed: int | None = None,
) -> RunFacts:
    """Read what the account is made of; of a run that ends now, `problems` say what stopped it.

    Raises:
        RunError: there is no such run.
        LedgerError: the ledger cannot be read.
    """
    with open_books(setup.ledger, setup.departures_folder) as books:
        counts = read_counts(books, find_run(books.ledger, run_id), problems)
        return read_run_facts(books, counts, setup.config, n_listed)


def make_report(facts: RunFacts, config: TablesConfig) -> RunReport:
    """Make the account of a run of what was read of it."""
    counts = facts.counts
    lists = {
        "slots": tuple(_describe_slots(facts, config)),
        "in_doubt": tuple(facts.in_doubt),
        "refused": tuple(facts.refused),
        "duration_s": (counts.run.finished_at or facts.activity.ended_at) - counts.run.started_at,
        "children": tuple(_describe_child(child) for child in facts.children),
        "warnings": warn_of_slots(forecast_tables(facts.slot_facts, config)),
        "deferred": tuple(facts.deferred),
        "samples": tuple(describe_samples(facts.samples, counts.tables)),
    }
    return RunReport.model_validate(dict(describe_counts(counts)) | lists)


def describe_counts(counts: RunCounts) -> RunReport:
    """Make the account of a run as far as it is counts: no lists, no slots, no time."""
    run = counts.run
    return RunReport(
        run_id=run.run_id,
        extract_id=run.extract_id,
        cycle=run.cycle,
        extract=counts.extract,
        tables={name: dict(ends) for name, ends in counts.tables.items()},
        problems=counts.problems,
        kind=run.kind,
        parent_run_id=run.parent_run_id,
        n_unwritten=_count_unwritten(counts),
    )


def _count_unwritten(counts: RunCounts) -> int:
    """Count the leads that a run has still to write down, or had as it was killed.

    Of a run that came to its end all are written; if they were not, its books must not balance.
    """
    if counts.run.finished_at is not None:
        return 0
    n_written = sum(sum(ends.values()) for ends in counts.tables.values())
    return max(counts.extract.n_accepted - n_written, 0)


def _describe_child(child: ChildFacts) -> ChildRun:
    counts, extract = child.counts, child.counts.extract
    ends = count_ends(extract, counts.tables, _count_unwritten(counts))
    n_added = sum(
        any(first <= row <= last for first, last in extract.added) for row in child.rows_delivered
    )
    return ChildRun(
        run_id=counts.run.run_id,
        kind=counts.run.kind,
        n_rows=extract.n_rows,
        ends={end: n for end, n in ends.items() if n},
        n_recovered=ends[RowEnd.DELIVERED] - n_added,
    )


def _describe_slots(facts: RunFacts, config: TablesConfig) -> Iterator[SlotAccount]:
    """Describe the configured slots that the ledger has met."""
    for name, table in config.tables.items():
        for slot in table.slots:
            if (use := facts.slots.get(slot.name)) is not None:
                yield SlotAccount(
                    table=name,
                    slot=slot.name,
                    used=slot.already_used + use.used,
                    safe_limit=slot.safe_limit,
                    used_by_run=facts.used_by_run.get(slot.name, 0),
                    state=use.state,
                    reason=use.reason,
                )
