"""What does the ledger hold of a run, all of it as of one moment?

In:    the books, opened at a moment; the run, and what stopped it.
Out:   `RunFacts`: rows and counts, from which the account is reckoned without another read.
Never: a write, a wait, or a read outside the moment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from clayload.account.deferral import find_deferred
from clayload.account.extract_summary import ExtractSummary
from clayload.account.problem import Problem, read_problems
from clayload.ledger.books.run_activity import RunActivity, read_activity
from clayload.ledger.books.run_books import Books, LeadRow, SlotUse
from clayload.ledger.books.runs import RunRow, list_children
from clayload.ledger.books.samples import SampleRow
from clayload.ledger.rules.states import SubmissionState
from clayload.model import RowEnd
from clayload.monitoring.samples import read_sample_rows
from clayload.monitoring.slots import SlotFacts, read_slot_facts
from clayload.tables.tables_file import TablesConfig

_LISTED_DEFERRED = 1_000


@dataclass(frozen=True, slots=True)
class RunCounts:
    """A run, what it read, what stopped it, and how its registered leads ended, by table."""

    run: RunRow
    extract: ExtractSummary
    problems: tuple[Problem, ...]
    tables: Mapping[str, Mapping[RowEnd, int]]


@dataclass(frozen=True, slots=True)
class ChildFacts:
    """A run that took up leads of another; `rows_delivered` are the row numbers it delivered.

    They are only read of one to which leads were added.
    """

    counts: RunCounts
    rows_delivered: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """All that is told of a run, as of `at` (the ledger's clock, epoch seconds).

    `in_doubt`, `refused` and `deferred` may list the first leads only. `slots` are those the ledger
    has met, by name; `used_by_run` counts what the run sent through them. `activity` tells whether
    anybody works on the run.
    """

    at: float
    counts: RunCounts
    activity: RunActivity
    in_doubt: Sequence[LeadRow]
    refused: Sequence[LeadRow]
    deferred: Sequence[LeadRow]
    children: Sequence[ChildFacts]
    slots: Mapping[str, SlotUse]
    used_by_run: Mapping[str, int]
    slot_facts: SlotFacts
    samples: Mapping[str, SampleRow]

    def as_closed(self) -> RunFacts:
        """Give the facts of a run that ends at this moment: what is missing stays missing."""
        ended = replace(self.counts.run, finished_at=self.at)
        return replace(self, counts=replace(self.counts, run=ended))


def read_counts(books: Books, run: RunRow, problems: Sequence[Problem] | None = None) -> RunCounts:
    """Read how a run's leads ended; `problems` are the run's own, as they were written down."""
    stopped_by = read_problems(run) if problems is None else tuple(problems)
    return RunCounts(
        run=run,
        extract=ExtractSummary.model_validate_json(run.extract_summary),
        problems=stopped_by,
        tables=books.count_ends(run.run_id, find_deferred(stopped_by)),
    )


def read_run_facts(
    books: Books,
    counts: RunCounts,
    config: TablesConfig,
    n_listed: int | None = None,
) -> RunFacts:
    """Read what is told of a run besides its counts.

    It lists every lead that was refused or is in doubt, a kilobyte each, or the first `n_listed`;
    and of the deferred ones, of which there may be any number, the first thousand.
    """
    run_id, deferred = counts.run.run_id, find_deferred(counts.problems)
    return RunFacts(
        at=books.ledger.now(),
        counts=counts,
        activity=read_activity(books, counts.run, config.workspace.name),
        in_doubt=books.leads_in(run_id, SubmissionState.IN_DOUBT, n_listed),
        refused=books.leads_in(run_id, SubmissionState.REFUSED, n_listed),
        deferred=books.deferred_leads(run_id, deferred, n_listed or _LISTED_DEFERRED),
        children=list(_read_children(books, run_id)),
        slots={use.slot: use for use in books.slots()},
        used_by_run=books.slots_used_by(run_id),
        slot_facts=read_slot_facts(books, config),
        samples=read_sample_rows(books, counts.run, counts.tables.keys(), config),
    )


def _read_children(books: Books, run_id: str) -> Iterator[ChildFacts]:
    for child in list_children(books.ledger, run_id):
        counts = read_counts(books, child)
        is_added_to = bool(counts.extract.added)
        yield ChildFacts(counts, books.rows_delivered_by(child.run_id) if is_added_to else ())
