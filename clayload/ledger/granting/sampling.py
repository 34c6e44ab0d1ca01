"""How much of a sample is sent, and what has a person said of it?

In:    a transaction, the load (extract and cycle) and table that a sample is of.
Out:   the sample for the grant's arithmetic; what is granted counted, a decision written down.
Never: a row that does not count what was granted of the sample and not given back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, literal, select, update

from clayload.delivery.sample import Decision, Sample
from clayload.ledger.books.samples import as_sample
from clayload.ledger.database.retry import retry_on_conflict
from clayload.ledger.database.schema import runs, samples, submissions
from clayload.ledger.rules.states import SubmissionState
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
    return as_sample(row, run_id, n_first)


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
