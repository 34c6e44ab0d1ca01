"""Which runs does the ledger hold?

In:    a run's id, or an extract.
Out:   the runs as they were started and ended.
Never: a lead, nor a write.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, select

from clayload.errors import Code, RunError
from clayload.ledger import schema
from clayload.ledger.store import Ledger
from clayload.model import Priority

_r = schema.runs.c
_TAKING_UP = ("replay", "resume")
"""Kinds of runs that read no extract: they send leads of an earlier run."""
_SETTLED = ("complete", "attention")


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run as the ledger holds it; `preparation` is the JSON it was started with."""

    run_id: str
    extract_id: str
    cycle: str
    preparation: str
    started_at: float
    finished_at: float | None
    outcome: str | None
    problems: str | None
    halted_by: str | None
    kind: str
    parent_run_id: str | None
    priority: str | None

    @property
    def own_priority(self) -> Priority | None:
        """What the run's leads have in place of their tables' priorities, if it was given one."""
        return None if self.priority is None else Priority(self.priority)


def as_run(row: Row[Any]) -> RunRow:
    """Make a run of a row with all columns of `runs`."""
    return RunRow(**row._mapping)  # noqa: SLF001 - SQLAlchemy's public accessor


def list_runs(ledger: Ledger, found: Select[Any]) -> list[RunRow]:
    """List the runs that a SELECT with all columns of `runs` finds."""
    with ledger.reading() as connection:
        return [as_run(row) for row in connection.execute(found)]


def find_run(ledger: Ledger, run_id: str | None = None) -> RunRow:
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


def list_all(ledger: Ledger) -> list[RunRow]:
    """List every run of the ledger, oldest first."""
    return list_runs(ledger, select(schema.runs).order_by(_r.started_at))


def list_children(ledger: Ledger, run_id: str) -> list[RunRow]:
    """List the runs that took up leads of a run, oldest first."""
    found = select(schema.runs).where(_r.parent_run_id == run_id).order_by(_r.started_at)
    return list_runs(ledger, found)


def find_cycle(ledger: Ledger, extract_id: str) -> str | None:
    """Tell for which cycle an extract was loaded last, so that a resume keeps to it.

    What only takes up leads of an older run does not count: it loads nothing new.
    """
    runs = list_runs(ledger, _loads_of(extract_id).limit(1))
    return runs[0].cycle if runs else None


def list_settled(ledger: Ledger, extract_id: str, cycle: str) -> list[RunRow]:
    """List the loads of an extract for a cycle that left nothing owed, newest first."""
    found = _loads_of(extract_id).where(_r.cycle == cycle, _r.outcome.in_(_SETTLED))
    return list_runs(ledger, found)


def _loads_of(extract_id: str) -> Select[Any]:
    return (
        select(schema.runs)
        .where(_r.extract_id == extract_id, _r.kind.not_in(_TAKING_UP))
        .order_by(_r.started_at.desc())
    )
