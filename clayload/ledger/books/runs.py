"""Which runs does the ledger hold?

In:    a run's id, or an extract.
Out:   the runs as they were started and ended.
Never: a lead, nor a write.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import Row, Select, and_, case, func, select

from clayload.errors import Code, RunError
from clayload.ledger.books.run_books import LEADS_OF_RUN, Books
from clayload.ledger.database import schema
from clayload.ledger.moment import Readable
from clayload.ledger.rules.states import SubmissionState
from clayload.model import Outcome, Priority, RunKind

_r = schema.runs.c
_TAKING_UP = (RunKind.REPLAY, RunKind.RESUME)
"""Kinds of runs that read no extract: they send leads of an earlier run."""
_OWING_NOTHING = tuple(outcome for outcome in Outcome if not outcome.is_owing)


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run as the ledger holds it; `extract_summary` is the JSON it was started with."""

    run_id: str
    extract_id: str
    cycle: str
    extract_summary: str
    started_at: float
    finished_at: float | None
    outcome: Outcome | None
    problems: str | None
    halted_by: str | None
    kind: RunKind
    parent_run_id: str | None
    priority: str | None

    @property
    def own_priority(self) -> Priority | None:
        """What the run's leads have in place of their tables' priorities, if it was given one."""
        return None if self.priority is None else Priority(self.priority)


def as_run(row: Row[Any]) -> RunRow:
    """Make a run of a row with all columns of `runs`."""
    figures = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public accessor
    outcome = None if row.outcome is None else Outcome(row.outcome)
    return RunRow(**figures | {"kind": RunKind(row.kind), "outcome": outcome})


def list_runs(ledger: Readable, found: Select[Any]) -> list[RunRow]:
    """List the runs that a SELECT with all columns of `runs` finds."""
    with ledger.read_only() as connection:
        return [as_run(row) for row in connection.execute(found)]


def find_run(ledger: Readable, run_id: str | None = None) -> RunRow:
    """Find a run by its id, or the newest.

    Raises:
        RunError: there is none.
    """
    found = select(schema.runs).order_by(_r.started_at.desc()).limit(1)
    if run_id is not None:
        found = found.where(_r.run_id == run_id)
    runs = list_runs(ledger, found)
    if not runs:
        raise RunError(
            Code.RUN_UNKNOWN,
            f"the ledger knows no run {run_id}" if run_id else "the ledger holds no run yet",
            hint="`clayload status` without a run shows the newest",
        )
    return runs[0]


def list_all(ledger: Readable) -> list[RunRow]:
    """List every run of the ledger, oldest first."""
    return list_runs(ledger, select(schema.runs).order_by(_r.started_at))


def list_newest(ledger: Readable, limit: int) -> list[RunRow]:
    """List the newest `limit` runs, newest first."""
    return list_runs(ledger, select(schema.runs).order_by(_r.started_at.desc()).limit(limit))


def list_children(ledger: Readable, run_id: str) -> list[RunRow]:
    """List the runs that took up leads of a run, oldest first."""
    found = select(schema.runs).where(_r.parent_run_id == run_id).order_by(_r.started_at)
    return list_runs(ledger, found)


def find_cycle(ledger: Readable, extract_id: str) -> str | None:
    """Tell for which cycle an extract was loaded last, so that a resume keeps to it.

    What only takes up leads of an older run does not count: it loads nothing new.
    """
    runs = list_runs(ledger, _loads_of(extract_id).limit(1))
    return runs[0].cycle if runs else None


def list_finished(ledger: Readable, extract_id: str, cycle: str) -> list[RunRow]:
    """List the loads of an extract for a cycle that left nothing owed, newest first."""
    found = _loads_of(extract_id).where(_r.cycle == cycle, _r.outcome.in_(_OWING_NOTHING))
    return list_runs(ledger, found)


def _loads_of(extract_id: str) -> Select[Any]:
    return (
        select(schema.runs)
        .where(_r.extract_id == extract_id, _r.kind.not_in(_TAKING_UP))
        .order_by(_r.started_at.desc())
    )


Sort: TypeAlias = tuple[RunKind, str, frozenset[str]]
"""What a run is for, so that a later one takes its place: kind, cycle, tables."""


@dataclass(frozen=True, slots=True)
class RecentRun:
    """A run, and the tables its accepted leads go to."""

    run: RunRow
    tables: frozenset[str]

    @property
    def sort(self) -> Sort:
        """What it is for."""
        return self.run.kind, self.run.cycle, self.tables


def list_recent(ledger: Readable, days: float) -> list[RecentRun]:
    """List the runs of the last days."""
    runs, chunks = schema.runs, schema.chunks
    with ledger.read_only() as connection:
        since = ledger.read_clock(connection) - days * 86_400
        rows = connection.execute(
            select(runs).where(runs.c.started_at > since).order_by(runs.c.started_at.desc())
        ).all()
        tables = defaultdict(set)
        for run_id, table in connection.execute(
            select(chunks.c.run_id, chunks.c.table_name)
            .join(runs, runs.c.run_id == chunks.c.run_id)
            .where(runs.c.started_at > since)
            .distinct()
        ):
            tables[run_id].add(table)
    return [RecentRun(as_run(row), frozenset(tables[row.run_id])) for row in rows]


def count_owed(ledger: Readable, run_ids: Collection[str]) -> int:
    """Count the leads of runs that are still owed; each once, however many runs have it."""
    of_runs = schema.chunks.c.run_id.in_(sorted(run_ids))
    is_owed = schema.submissions.c.state == SubmissionState.PENDING
    counted = (
        select(func.count(schema.submissions.c.submission_id.distinct()))
        .select_from(LEADS_OF_RUN)
        .where(of_runs, is_owed)
    )
    with ledger.read_only() as connection:
        return connection.execute(counted).scalar_one()


@dataclass(frozen=True, slots=True)
class RunTally:
    """How many registered leads a run has, how many of them it delivered, and how many are owed."""

    n_written: int = 0
    n_delivered: int = 0
    n_owed: int = 0


def tally_runs(books: Books, run_ids: Collection[str]) -> dict[str, RunTally]:
    """Count the leads of several runs at once; a run without any is not in it."""
    s, run_id = schema.submissions.c, schema.chunks.c.run_id
    state = books.orphans.state
    is_own = and_(state == SubmissionState.DELIVERED, s.run_id == run_id)
    is_owed = state.in_((SubmissionState.PENDING, SubmissionState.SENDING))
    counted = (
        select(
            run_id, func.count(), *(func.sum(case((one, 1), else_=0)) for one in (is_own, is_owed))
        )
        .select_from(LEADS_OF_RUN)
        .where(run_id.in_(sorted(run_ids)))
        .group_by(run_id)
    )
    with books.ledger.read_only() as connection:
        return {name: RunTally(*counts) for name, *counts in connection.execute(counted)}


def find_newest_of_kinds(ledger: Readable) -> list[RunRow]:
    """Find the newest load, replay and resubmit, as far as there were any."""
    runs = schema.runs
    newest = select(runs.c.kind, func.max(runs.c.started_at).label("at")).group_by(runs.c.kind)
    of_kind = newest.subquery()
    found = select(runs).join(
        of_kind, (of_kind.c.kind == runs.c.kind) & (of_kind.c.at == runs.c.started_at)
    )
    return list_runs(ledger, found.order_by(runs.c.kind))
