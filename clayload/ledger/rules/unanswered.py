"""Which SQL settles what was granted and not answered?

In:    named parameters.
Out:   SQLAlchemy Core statements, as in `statements.py`.
Never: a decision; `store.py`, `recovery.py` and `grants.py` run these.
"""

from __future__ import annotations

from sqlalchemy import and_, bindparam, exists, or_, select, update

from clayload.ledger.database.schema import past_verdicts, submissions
from clayload.ledger.rules.states import SubmissionState

LOST = "the process ended between send and record"
"""Why a lead is in doubt whose answer nobody heard."""

_s, _p = submissions.c, past_verdicts.c
_sent = select(
    _s.submission_id,
    _s.table_name,
    _s.slot,
    _s.charged_on,
    _s.credits_milli,
    _s.actions_milli,
    _s.sample_no,
)
_is_given_up = and_(_s.state == SubmissionState.IN_DOUBT, _s.reason == LOST)
_is_unanswered = or_(_s.state == SubmissionState.SENDING, _is_given_up)

# What was granted to a process that never told: past every time-out of its request.
GIVE_UP_OVERDUE = (
    update(submissions)
    .where(_s.state == SubmissionState.SENDING, _s.give_up_at < bindparam("now"))
    .values(
        state=SubmissionState.IN_DOUBT,
        reason=LOST,
        n_attempts=_s.n_attempts + 1,
        updated_at=bindparam("now"),
    )
)

SENT_BY = _sent.where(_s.state == SubmissionState.SENDING, _s.sender == bindparam("by"))

MARK_IN_DOUBT = (
    update(submissions)
    .where(_s.submission_id == bindparam("id"))
    .values(
        state=SubmissionState.IN_DOUBT,
        reason=LOST,
        n_attempts=_s.n_attempts + 1,
        updated_at=bindparam("at"),
    )
)

# Granted and never sent: owed as before.
TAKE_BACK = (
    update(submissions)
    .where(_s.submission_id == bindparam("id"))
    .values(
        state=SubmissionState.PENDING,
        reason=bindparam("why"),
        grant_id=None,
        updated_at=bindparam("at"),
    )
)

UNANSWERED_OF_GRANT = _sent.where(_is_unanswered, _s.grant_id == bindparam("grant"))

# What became of a grant's leads: whether its verdicts are still to be written, as the row says
# itself if it is under the grant, or its story if somebody has taken it up since.
AFTER_GRANT = select(
    (_s.grant_id == bindparam("grant")).label("is_under_it"),
    _is_unanswered.label("is_unanswered"),
    exists()
    .where(
        _p.submission_id == _s.submission_id,
        _p.what == SubmissionState.IN_DOUBT,
        _p.reason == LOST,
        _p.run_id == bindparam("run"),
        _p.at >= bindparam("given_at"),
    )
    .label("was_given_up"),
).where(_s.submission_id.in_(bindparam("ids", expanding=True)))
