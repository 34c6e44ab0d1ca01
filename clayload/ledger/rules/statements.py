"""Which SQL does the ledger speak?

In:    named parameters.
Out:   SQLAlchemy Core statements, built once, the same for SQLite and Postgres.
Never: a decision; `delivery.grant` decides, `grants.py` and `store.py` run these.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Float,
    Integer,
    Select,
    Update,
    and_,
    bindparam,
    case,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from clayload.delivery.grant import SlotState
from clayload.ledger.database.schema import (
    chunk_leads,
    clay_tables,
    past_verdicts,
    runs,
    slots,
    submissions,
    workspaces,
)
from clayload.ledger.rules.newest import IS_FREE, IS_NEWEST, IS_OWN_CONTENT
from clayload.ledger.rules.states import MAX_ATTEMPTS, REPLAYABLE, SubmissionState, states_before
from clayload.model import Priority

RESEND_AFTER_S = 5.0
"""How long a lead in doubt rests before its second attempt; twice as long before its third."""

_LEADS_OF_CHUNK = chunk_leads.join(submissions)


def _may_become(state: SubmissionState) -> ColumnElement[bool]:
    return or_(*(submissions.c.state == before for before in states_before(state)))


LOCK_WORKSPACE = (
    select(workspaces).where(workspaces.c.workspace == bindparam("name")).with_for_update()
)

LOCK_ALL_WORKSPACES = (
    select(workspaces.c.workspace).order_by(workspaces.c.workspace).with_for_update()
)

PACE_COLUMNS = ("tat", "throttled_until", "slowed_to", "slowed_at", "clock_ahead_s")
SHARE_COLUMNS = {
    priority: (f"served_{priority}", f"present_until_{priority}") for priority in Priority
}
_WRITTEN = (*PACE_COLUMNS, *(name for pair in SHARE_COLUMNS.values() for name in pair))

SET_PACE = (
    update(workspaces)
    .where(workspaces.c.workspace == bindparam("name"))
    .values(
        n_rate_limited=workspaces.c.n_rate_limited + bindparam("n_429"),
        **{name: bindparam(f"to_{name}") for name in _WRITTEN},
    )
)

SET_TERMS = (
    update(workspaces)
    .where(workspaces.c.workspace == bindparam("name"))
    .values(
        tat=bindparam("to_tat"),
        rate_per_s=bindparam("to_rate_per_s"),
        burst=bindparam("to_burst"),
        budgets=bindparam("to_budgets"),
    )
)

SET_PAUSE = (
    update(workspaces)
    .where(workspaces.c.workspace == bindparam("name"))
    .values(paused_at=bindparam("at"), paused_because=bindparam("why"))
)

HALTED_BY = select(runs.c.halted_by).where(runs.c.run_id == bindparam("name"))

_ROWS_USED = (
    select(clay_tables.c.rows_used)
    .where(clay_tables.c.table_name == bindparam("name"))
    .scalar_subquery()
)

# All slots: a table that was renamed keeps what its slots have spent.
SLOTS_AND_ROWS_USED = select(slots, _ROWS_USED.label("rows_used"))

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

_IS_PENDING = submissions.c.state == SubmissionState.PENDING
_MAY_BE_RESENT = and_(
    submissions.c.state == SubmissionState.IN_DOUBT, submissions.c.n_attempts < MAX_ATTEMPTS
)
_IS_OF_CHUNK = chunk_leads.c.chunk_no == bindparam("chunk_no")
_RESEND_AT = submissions.c.updated_at + RESEND_AFTER_S * submissions.c.n_attempts

# What a person has retired stays so, whatever Clay says of it.
BLAME_SLOT = MARK_SLOT.where(slots.c.state != SlotState.RETIRED)

# Locked as strongly as the UPDATE that follows, and no more: a load that registers the same leads
# locks them too, for its foreign keys, and in another order.
NEXT_OWED = (
    select(submissions.c.submission_id, submissions.c.lead_key, submissions.c.state)
    .select_from(_LEADS_OF_CHUNK)
    .where(_IS_OF_CHUNK, _IS_PENDING, IS_OWN_CONTENT, IS_FREE)
    .order_by(chunk_leads.c.row_number)
    .limit(bindparam("n"))
    .with_for_update(of=submissions, key_share=True)
)

HAS_PENDING = select(
    exists().select_from(_LEADS_OF_CHUNK).where(_IS_OF_CHUNK, _IS_PENDING, IS_OWN_CONTENT)
)

NEXT_TO_RESEND = (
    select(
        submissions.c.submission_id,
        submissions.c.lead_key,
        submissions.c.state,
        _RESEND_AT.label("resend_at"),
    )
    .select_from(_LEADS_OF_CHUNK)
    .where(_IS_OF_CHUNK, _MAY_BE_RESENT, IS_OWN_CONTENT, IS_NEWEST)
    .order_by(_RESEND_AT, chunk_leads.c.row_number)
    .limit(bindparam("n"))
    .with_for_update(of=submissions, key_share=True)
)

COUNT_OWED = (
    select(func.count(literal(1)))
    .select_from(_LEADS_OF_CHUNK)
    .where(
        _IS_OF_CHUNK,
        IS_OWN_CONTENT,
        or_(_IS_PENDING, and_(bindparam("resends", type_=Boolean), _MAY_BE_RESENT, IS_NEWEST)),
    )
)

# One statement for all leads of a grant: SQLAlchemy's and Python's share of a statement is far
# greater than SQLite's.
_IS_ONE_OF_THEM = submissions.c.submission_id.in_(bindparam("ids", expanding=True))


# Built once for each size of a grant, of which there are few: a CASE takes no list of any length,
# and an UPDATE for each lead would cost several times as much as all of this one.
@cache
def mark_sending(n: int) -> Update:
    """Build the UPDATE that grants `n` leads: `id_0` may leave at `send_at_0`, and so on."""
    ids = [bindparam(f"id_{number}", type_=Integer) for number in range(n)]
    moments = [bindparam(f"send_at_{number}", type_=Float) for number in range(n)]
    return (
        update(submissions)
        .where(submissions.c.submission_id.in_(ids), _may_become(SubmissionState.SENDING))
        .values(
            state=SubmissionState.SENDING,
            run_id=bindparam("run"),
            slot=bindparam("through"),
            grant_id=bindparam("grant"),
            sender=bindparam("by"),
            send_at=case(dict(zip(ids, moments, strict=True)), value=submissions.c.submission_id),
            give_up_at=bindparam("until"),
            updated_at=bindparam("at"),
            charged_on=bindparam("day"),
            credits_milli=bindparam("credits"),
            actions_milli=bindparam("actions"),
            sample_no=bindparam("sample"),
        )
    )


_ARCHIVED = ("run_id", "slot", "status", "reason", "body")


def _archive(what: ColumnElement[str], at: ColumnElement[float]) -> Select[Any]:
    return select(submissions.c.submission_id, at, what, *(submissions.c[n] for n in _ARCHIVED))


# What a submission says now, before something overtakes it.
ARCHIVE_VERDICT = insert(past_verdicts).from_select(
    ("submission_id", "at", "what", *_ARCHIVED),
    _archive(submissions.c.state, submissions.c.updated_at).where(
        submissions.c.submission_id == bindparam("id"),
        or_(*(submissions.c.state == state for state in REPLAYABLE)),
    ),
)

# What was answered to a lead that is owed all the same.
ADD_PAST_VERDICT = insert(past_verdicts)

# A verdict is only good for the grant it was sent under: whatever happened since stands.
RECORD = (
    update(submissions)
    .where(
        _IS_ONE_OF_THEM,
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

# A lead that has changed before it was ever sent.
SET_PAYLOAD_HASH = (
    update(submissions)
    .where(
        submissions.c.submission_id == bindparam("id"),
        submissions.c.state == SubmissionState.PENDING,
    )
    .values(payload_hash=bindparam("to_hash"))
)
