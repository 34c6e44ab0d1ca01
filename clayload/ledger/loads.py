"""Which loads were begun lately, and which of them is the newest of its sort?

In:    since when.
Out:   the runs, the newest first, each with the tables it has leads for; what runs still owe.
Never: a write.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy import func, select

from clayload.ledger import schema
from clayload.ledger.books import LEADS_OF_RUN
from clayload.ledger.runs import RunRow, as_run, list_runs
from clayload.ledger.states import SubmissionState
from clayload.ledger.store import Ledger

Sort: TypeAlias = tuple[str, str, frozenset[str]]
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


def list_recent(ledger: Ledger, days: float) -> list[RecentRun]:
    """List the runs of the last days."""
    runs, chunks = schema.runs, schema.chunks
    with ledger.reading() as connection:
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


def count_owed(ledger: Ledger, run_ids: Collection[str]) -> int:
    """Count the leads of runs that are still owed; each once, however many runs have it."""
    of_runs = schema.chunks.c.run_id.in_(sorted(run_ids))
    is_owed = schema.submissions.c.state == SubmissionState.PENDING
    counted = (
        select(func.count(schema.submissions.c.submission_id.distinct()))
        .select_from(LEADS_OF_RUN)
        .where(of_runs, is_owed)
    )
    with ledger.reading() as connection:
        return connection.execute(counted).scalar_one()


def find_newest_of_kinds(ledger: Ledger) -> list[RunRow]:
    """Find the newest load, replay and resubmit, as far as there were any."""
    runs = schema.runs
    newest = select(runs.c.kind, func.max(runs.c.started_at).label("at")).group_by(runs.c.kind)
    of_kind = newest.subquery()
    found = select(runs).join(
        of_kind, (of_kind.c.kind == runs.c.kind) & (of_kind.c.at == runs.c.started_at)
    )
    return list_runs(ledger, found.order_by(runs.c.kind))
