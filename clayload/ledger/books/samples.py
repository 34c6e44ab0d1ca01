"""How much of a load's samples is sent, what became of it, and what did a person decide?

In:    a load (extract and cycle), its tables with a sample, and what ended processes left behind.
Out:   the samples that have begun, with their leads by where they stand.
Never: a write: `granting.sampling` counts what is granted, and records a decision.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, literal, select

from clayload.delivery.sample import Decision, Sample
from clayload.ledger.books.orphans import Orphans
from clayload.ledger.books.runs import RunRow
from clayload.ledger.database.schema import samples, submissions
from clayload.ledger.moment import Readable
from clayload.ledger.rules.states import CHARGED, SubmissionState

_x, _s = samples.c, submissions.c


@dataclass(frozen=True, slots=True)
class SampleRow:
    """A sample as the ledger holds it, and its leads by where they stand.

    `cost_milli`: credits and Actions that the leads were charged that may have been accepted.
    """

    sample: Sample
    decided_at: float | None
    n_of_state: Mapping[SubmissionState, int]
    cost_milli: tuple[int, int]


def read_samples(
    ledger: Readable, run: RunRow, n_first: Mapping[str, int], orphans: Orphans
) -> dict[str, SampleRow]:
    """Read the samples of a run's load in the tables of `n_first`; those that have begun."""
    found = select(samples).where(
        _x.extract_id == run.extract_id,
        _x.cycle == run.cycle,
        _x.table_name.in_(sorted(n_first)),
    )
    with ledger.read_only() as connection:
        return {
            row.table_name: SampleRow(
                as_sample(row, run.run_id, n_first[row.table_name]),
                row.decided_at,
                *_count_leads(connection, row.sample_no, orphans),
            )
            for row in connection.execute(found).all()
        }


def as_sample(row: Row[*tuple[Any, ...]], run_id: str, n_first: int) -> Sample:
    """Make a sample of a row of `samples`; before a person has decided, `n_first` may be sent."""
    if row.decision is None:
        return Sample(run_id, row.n_sent, n_first)
    return Sample(run_id, row.n_sent, row.n_allowed, Decision(row.decision))


def _count_leads(
    connection: Connection, sample_no: int, orphans: Orphans
) -> tuple[Mapping[SubmissionState, int], tuple[int, int]]:
    stands = orphans.state.label("stands")
    counted = (
        select(
            stands,
            func.count(literal(1)).label("n"),
            func.sum(_s.credits_milli),
            func.sum(_s.actions_milli),
        )
        .where(_s.sample_no == sample_no)
        .group_by(stands)
    )
    rows = {SubmissionState(row[0]): row for row in connection.execute(counted)}
    charged = [row for state, row in rows.items() if state in CHARGED]
    costs = int(sum(row[2] for row in charged)), int(sum(row[3] for row in charged))
    return {state: int(row[1]) for state, row in rows.items()}, costs


def find_sample(ledger: Readable, load: tuple[str, str], table: str, n_first: int) -> Sample:
    """Find how a load's sample stands, whether or not it was ever begun; `run_id` is empty.

    The load is known by its extract_id and cycle.
    """
    extract_id, cycle = load
    found = select(samples).where(
        _x.extract_id == extract_id, _x.cycle == cycle, _x.table_name == table
    )
    with ledger.read_only() as connection:
        row = connection.execute(found).one_or_none()
    return Sample("", 0, n_first) if row is None else as_sample(row, "", n_first)
