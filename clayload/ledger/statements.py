"""Which SQL does the ledger speak?

In:    named parameters.
Out:   SQLAlchemy Core statements, built once, the same for SQLite and Postgres.
Never: a decision; `delivery.grant` decides, `grants.py` and `store.py` run these.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, bindparam, func, literal, or_, select, update

from clayload.ledger.schema import (
    chunk_leads,
    clay_tables,
    runs,
    slots,
    submissions,
    workspaces,
)
from clayload.ledger.states import SubmissionState, states_before

_LEADS_OF_CHUNK = chunk_leads.join(submissions)


def _may_become(state: SubmissionState) -> ColumnElement[bool]:
    return or_(*(submissions.c.state == before for before in states_before(state)))


LOCK_WORKSPACE = (
    select(workspaces.c.tat, workspaces.c.paused_until)
    .where(workspaces.c.workspace == bindparam("name"))
    .with_for_update()
)

SET_PACE = (
    update(workspaces)
    .where(workspaces.c.workspace == bindparam("name"))
    .values(
        tat=bindparam("to_tat"),
        paused_until=bindparam("until"),
        n_rate_limited=workspaces.c.n_rate_limited + bindparam("n"),
    )
)

HALTED_BY = select(runs.c.halted_by).where(runs.c.run_id == bindparam("name"))

SLOTS = select(slots)

ROWS_USED = select(clay_tables.c.rows_used).where(clay_tables.c.table_name == bindparam("name"))

CHARGE_SLOT = (
    update(slots)
    .where(slots.c.slot == bindparam("name"))
    .values(used=slots.c.used + bindparam("n"))
)

CHARGE_TABLE = (
    update(clay_tables)
    .where(clay_tables.c.table_name == bindparam("name"))
    .values(rows_used=clay_tables.c.rows_used + bindparam("n"))
)

MARK_SLOT = (
    update(slots)
    .where(slots.c.slot == bindparam("name"))
    .values(state=bindparam("to"), reason=bindparam("why"))
)

NEXT_OWED = (
    select(submissions.c.submission_id, submissions.c.lead_key)
    .select_from(_LEADS_OF_CHUNK)
    .where(
        chunk_leads.c.chunk_no == bindparam("chunk_no"),
        submissions.c.state == SubmissionState.PENDING,
    )
    .order_by(chunk_leads.c.row_number)
    .limit(bindparam("n"))
    .with_for_update(of=submissions)
)

COUNT_OWED = (
    select(func.count(literal(1)))
    .select_from(_LEADS_OF_CHUNK)
    .where(
        chunk_leads.c.chunk_no == bindparam("chunk_no"),
        submissions.c.state == SubmissionState.PENDING,
    )
)

INTEND = (
    update(submissions)
    .where(
        submissions.c.submission_id == bindparam("id"),
        _may_become(SubmissionState.SENDING),
    )
    .values(
        state=SubmissionState.SENDING,
        run_id=bindparam("run"),
        slot=bindparam("through"),
        grant_id=bindparam("grant"),
        give_up_at=bindparam("until"),
        updated_at=bindparam("at"),
    )
)

# A verdict is only good for the grant it was sent under: whatever happened since stands.
RECORD = (
    update(submissions)
    .where(
        submissions.c.submission_id == bindparam("id"),
        submissions.c.grant_id == bindparam("grant"),
        _may_become(SubmissionState.DELIVERED),
    )
    .values(
        state=bindparam("to"),
        status=bindparam("code"),
        reason=bindparam("why"),
        body=bindparam("text"),
        n_attempts=submissions.c.n_attempts + bindparam("tries"),
        updated_at=bindparam("at"),
    )
)

# What was granted to a process that never told: past every time-out of its request.
GIVE_UP_OVERDUE = (
    update(submissions)
    .where(
        submissions.c.state == SubmissionState.SENDING,
        submissions.c.give_up_at < bindparam("now"),
    )
    .values(
        state=SubmissionState.IN_DOUBT,
        reason="the process ended between send and record",
        updated_at=bindparam("now"),
    )
)

LINK_COLUMNS = ("chunk_no", "row_number", "submission_id")

LEAD_TO_LINK = select(
    bindparam("to_chunk_no", type_=chunk_leads.c.chunk_no.type),
    bindparam("row", type_=chunk_leads.c.row_number.type),
    submissions.c.submission_id,
).where(
    submissions.c.table_name == bindparam("table"),
    submissions.c.cycle == bindparam("for_cycle"),
    submissions.c.lead_key == bindparam("key"),
)
