"""Whose content of a lead is the newest, and what becomes of an older one?

In:    a table that resends what has changed: there a submission has the hash of what is sent, and
       each lead of a chunk the hash of what the chunk's file holds.
Out:   conditions on what a chunk may send, and leads handed over to a newer submission.
Never: an older content sent after a newer one. Where no hashes are kept every condition holds, and
       the first chunk to come sends.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    and_,
    bindparam,
    exists,
    func,
    not_,
    or_,
    select,
    update,
)

from clayload.ledger.database.schema import chunk_leads, submissions
from clayload.ledger.rules.states import SubmissionState

OVERTAKEN = "a newer content of the lead was loaded before this one was sent"
"""Why an older content is refused: by us, for the newer one stands for the lead."""

_s = submissions.c
_older, _newer = submissions.alias("older"), submissions.alias("newer")


def _is_of_same_lead(other: FromClause) -> ColumnElement[bool]:
    return and_(
        other.c.lead_key == _s.lead_key,
        other.c.table_name == _s.table_name,
        other.c.payload_hash.is_not(None),
    )


IS_OWN_CONTENT = chunk_leads.c.payload_hash.is_not_distinct_from(_s.payload_hash)
"""Whether the chunk's file holds what is to be sent, and not what it was before or is by now."""

MAY_BE_OWN_CONTENT = or_(
    IS_OWN_CONTENT, chunk_leads.c.payload_hash.is_(None), _s.payload_hash.is_(None)
)
"""The same where it was not known once: the table did not always resend what has changed."""

_is_newer = and_(_is_of_same_lead(_newer), _newer.c.submission_id > _s.submission_id)

IS_NEWEST = or_(_s.payload_hash.is_(None), not_(exists().where(_is_newer)))
"""Whether no other content of the lead was loaded since."""

IS_FREE = or_(
    _s.payload_hash.is_(None),
    not_(
        exists().where(
            _is_of_same_lead(_older),
            _older.c.submission_id < _s.submission_id,
            _older.c.state == SubmissionState.SENDING,
            _older.c.give_up_at >= bindparam("now"),
        )
    ),
)
"""Whether no older content of the lead may still be on its way, to arrive after this one."""

_FIND_OVERTAKEN = (
    select(_s.submission_id, func.max(_newer.c.submission_id).label("newest_id"))
    .join_from(submissions, _newer, _is_newer)
    .where(
        _s.submission_id.in_(bindparam("ids", expanding=True)),
        _s.state == SubmissionState.PENDING,
        _s.payload_hash.is_not(None),
    )
    .group_by(_s.submission_id)
)

_HAND_OVER = (
    update(chunk_leads)
    .where(chunk_leads.c.submission_id == bindparam("overtaken"))
    .values(submission_id=bindparam("newest"))
)

_GIVE_WAY = (
    update(submissions)
    .where(_s.submission_id == bindparam("overtaken"))
    .values(
        state=SubmissionState.REFUSED,
        status=None,
        reason=OVERTAKEN,
        body=None,
        updated_at=bindparam("at"),
    )
)


def hand_over(tx: Connection, ids: Sequence[int], now: float) -> None:
    """Let what was on its way when a newer content was loaded, and never arrived, give way to it.

    The newer submission stands for the lead from here on, in the books of every run that had it.
    """
    found = tx.execute(_FIND_OVERTAKEN, {"ids": ids}).all()
    if not found:
        return
    tx.execute(_HAND_OVER, [{"overtaken": old, "newest": newest} for old, newest in found])
    tx.execute(_GIVE_WAY, [{"overtaken": old, "at": now} for old, _ in found])
