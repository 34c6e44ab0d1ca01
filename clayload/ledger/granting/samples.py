"""How much of a sample is sent, and what has a person said of it?

In:    a transaction, the load (extract and cycle) and table that a sample is of.
Out:   the sample for the grant's arithmetic; rows of `samples`, and what became of their leads.
Never: a row that does not count what was granted of the sample and not given back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, literal, select, update

from clayload.delivery.sample import Decision, Sample
from clayload.ledger.books.orphans import Orphans
from clayload.ledger.books.runs import RunRow
from clayload.ledger.database.retry import retry_on_conflict
from clayload.ledger.database.schema import runs, samples, submissions
from clayload.ledger.rules.states import CHARGED, SubmissionState
from clayload.ledger.store import Ledger

_x, _s = samples.c, submissions.c
_N = func.count(literal(1))

_IS_OF_LOAD = (
    _x.extract_id == bindparam("extract_id"),
    _x.cycle == bindparam("cycle"),
    _x.table_name == bindparam("table_name"),
)
_FIND = select(_x.sample_no).where(*_IS_OF_LOAD)
_READ = select(samples).where(_x.sample_no == bindparam("no"))
_COUNT = (
    update(samples).where(_x.sample_no == bindparam("no")).values(n_sent=_x.n_sent + bindparam("n"))
)
_COUNT_IN_FLIGHT = select(_N).where(
    _s.sample_no == bindparam("no"),
    _s.state == SubmissionState.SENDING,
    _s.give_up_at >= bindparam("now"),
)


@retry_on_conflict
def open_sample(ledger: Ledger, run_id: str, table: str) -> int:
    """Find the sample of a run's load in a table, or begin one; return the ledger's number of it.

    Raises:
        LedgerError: the ledger cannot be written.
    """
    with ledger.transaction() as tx:
        load = select(runs.c.extract_id, runs.c.cycle).where(runs.c.run_id == run_id)
        extract_id, cycle = tx.execute(load).one()
        key = {"extract_id": extract_id, "cycle": cycle, "table_name": table}
        tx.execute(ledger.insert_new(samples, *key), key | {"n_sent": 0})
        return int(tx.execute(_FIND, key).scalar_one())


def read_sample(tx: Connection, sample_no: int, run_id: str, n_first: int) -> Sample:
    """Read how a sample stands; before a person has spoken, `n_first` leads may be sent."""
    row = tx.execute(_READ, {"no": sample_no}).one()
    return _describe(row, run_id, n_first)


def count_sent(tx: Connection, sample_no: int | None, n: int) -> None:
    """Count `n` leads more (or, negative, less) to a sample, if there is one."""
    if sample_no is not None and n:
        tx.execute(_COUNT, {"no": sample_no, "n": n})


def take_off_rows(tx: Connection, rows: Sequence[Row[*tuple[Any, ...]]]) -> None:
    """Count these submissions no more; each row as `unanswered.SENT_BY` reads it."""
    for sample_no, n in Counter(row.sample_no for row in rows).items():
        count_sent(tx, sample_no, -n)


def awaits_answers(tx: Connection, sample_no: int, sample: Sample, now: float) -> bool:
    """Whether leads of a used-up sample are on their way, and some may come back to be sent."""
    n_flying = tx.execute(_COUNT_IN_FLIGHT, {"no": sample_no, "now": now}).scalar_one()
    return sample.n_allowed is not None and sample.n_sent - n_flying < sample.n_allowed


@retry_on_conflict
def record_decision(ledger: Ledger, sample_no: int, decision: Decision, n_more: int = 0) -> None:
    """Write down what a person says of a sample; with `NEXT`, `n_more` leads more may be sent.

    Raises:
        LedgerError: the ledger cannot be written.
    """
    n_allowed = {Decision.GO_ON: None, Decision.NEXT: _x.n_sent + n_more, Decision.STOP: 0}[
        decision
    ]
    with ledger.transaction() as tx:
        # No grant counts anything while it is added to what is sent.
        ledger.lock_workspaces(tx)
        said = {"decision": decision, "decided_at": ledger.read_clock(tx), "n_allowed": n_allowed}
        tx.execute(update(samples).where(_x.sample_no == sample_no).values(said))


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
    ledger: Ledger, run: RunRow, n_first: Mapping[str, int], orphans: Orphans
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
                _describe(row, run.run_id, n_first[row.table_name]),
                row.decided_at,
                *_count_leads(connection, row.sample_no, orphans),
            )
            for row in connection.execute(found).all()
        }


def _describe(row: Row[*tuple[Any, ...]], run_id: str, n_first: int) -> Sample:
    if row.decision is None:
        return Sample(run_id, row.n_sent, n_first)
    return Sample(run_id, row.n_sent, row.n_allowed, Decision(row.decision))


def _count_leads(
    connection: Connection, sample_no: int, orphans: Orphans
) -> tuple[Mapping[SubmissionState, int], tuple[int, int]]:
    stands = orphans.state.label("stands")
    counted = (
        select(stands, _N.label("n"), func.sum(_s.credits_milli), func.sum(_s.actions_milli))
        .where(_s.sample_no == sample_no)
        .group_by(stands)
    )
    rows = {SubmissionState(row[0]): row for row in connection.execute(counted)}
    charged = [row for state, row in rows.items() if state in CHARGED]
    costs = int(sum(row[2] for row in charged)), int(sum(row[3] for row in charged))
    return {state: int(row[1]) for state, row in rows.items()}, costs


def find_sample(ledger: Ledger, extract_id: str, cycle: str, table: str, n_first: int) -> Sample:
    """Find how the sample of a load stands, whether or not it was ever begun; `run_id` is empty."""
    key = {"extract_id": extract_id, "cycle": cycle, "table_name": table}
    with ledger.read_only() as connection:
        row = connection.execute(select(samples).where(*_IS_OF_LOAD), key).one_or_none()
    return Sample("", 0, n_first) if row is None else _describe(row, "", n_first)
