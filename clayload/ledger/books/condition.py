"""Who waits beside a run, and what became of its leads?

In:    a run; the ledger.
Out:   what open runs owe, refusals by reason, leads sent again.
Never: a write; and no word on whether anybody works on it: that is `run_activity`'s question.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, exists, func, literal, select

from clayload.ledger.books.run_books import LEADS_OF_RUN
from clayload.ledger.database import schema
from clayload.ledger.moment import Readable
from clayload.ledger.rules.states import SubmissionState

_s, _c, _cl, _r = (
    schema.submissions.c,
    schema.chunks.c,
    schema.chunk_leads.c,
    schema.runs.c,
)
_IS_OWED = _s.state.in_((SubmissionState.PENDING, SubmissionState.SENDING))


@dataclass(frozen=True, slots=True)
class RunCondition:
    """How a run stands beside the others.

    `owed`: what all runs owe that were neither closed nor told to stop, by table and by the
    priority that a run was given in place of the table's; what several owe is the newest's.
    `refusals`: status, reason, count. `n_sent_before`: leads it delivered that had been delivered
    before.
    """

    owed: Mapping[tuple[str, str | None], int]
    refusals: tuple[tuple[int | None, str, int], ...]
    n_sent_before: int


def read_condition(ledger: Readable, run_id: str) -> RunCondition:
    """Read how a run stands beside the others."""
    with ledger.read_only() as connection:
        return RunCondition(
            owed=_count_owed(connection),
            refusals=_count_refusals(connection, run_id),
            n_sent_before=_count_sent_before(connection, run_id),
        )


def _count_owed(connection: Connection) -> dict[tuple[str, str | None], int]:
    """Count what runs owe that may be under way; each lead once, for the newest that owes it.

    A run that was killed stays open: the load that goes on with its leads has them now.
    """
    newest_first = (_r.started_at.desc(), _c.chunk_no.desc())
    nth = func.row_number().over(partition_by=_s.submission_id, order_by=newest_first)
    owed = (
        select(_c.table_name, _r.priority, nth.label("nth"))
        .select_from(LEADS_OF_RUN.join(schema.runs, _r.run_id == _c.run_id))
        .where(_r.finished_at.is_(None), _r.halted_by.is_(None), _IS_OWED)
        .subquery()
    )
    counted = (
        select(owed.c.table_name, owed.c.priority, func.count(literal(1)))
        .where(owed.c.nth == 1)
        .group_by(owed.c.table_name, owed.c.priority)
    )
    return {(name, priority): n for name, priority, n in connection.execute(counted)}


def _count_refusals(connection: Connection, run_id: str) -> tuple[tuple[int | None, str, int], ...]:
    n = func.count(literal(1)).label("n")
    counted = (
        select(_s.status, func.coalesce(_s.reason, ""), n)
        .select_from(LEADS_OF_RUN)
        .where(_c.run_id == run_id, _s.state == SubmissionState.REFUSED)
        .group_by(_s.status, _s.reason)
        .order_by(n.desc())
    )
    return tuple((status, reason, n) for status, reason, n in connection.execute(counted))


def _count_sent_before(connection: Connection, run_id: str) -> int:
    """Count the leads the run delivered of which the table had another delivery before."""
    earlier = schema.submissions.alias()
    was_delivered = exists().where(
        earlier.c.lead_key == _s.lead_key,
        earlier.c.table_name == _s.table_name,
        earlier.c.submission_id != _s.submission_id,
        earlier.c.state == SubmissionState.DELIVERED,
        earlier.c.updated_at < _s.updated_at,
    )
    counted = (
        select(func.count(literal(1)))
        .select_from(LEADS_OF_RUN)
        .where(
            _c.run_id == run_id,
            _s.run_id == run_id,
            _s.state == SubmissionState.DELIVERED,
            was_delivered,
        )
    )
    return int(connection.execute(counted).scalar_one())
