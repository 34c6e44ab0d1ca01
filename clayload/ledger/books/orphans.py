"""How do the leads of a process that ended stand, for one who may only look?

In:    the ledger, and the folder in which this machine's processes note what leaves.
Out:   which granted leads are in doubt, and which are owed again; columns that say so.
Never: a write. `recovery` writes the same down, as the next command does that may write.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import ColumnElement, and_, case, literal, select

from clayload.ledger.database.schema import submissions
from clayload.ledger.moment import Readable
from clayload.ledger.rules.departures import EndedSender, look_for_ended
from clayload.ledger.rules.owing import Known
from clayload.ledger.rules.states import SubmissionState
from clayload.ledger.rules.unanswered import LOST

NEVER_SENT = "its process ended before it was sent"
"""Why a lead is owed again that was granted."""

_s = submissions.c
_IS_SENDING = _s.state == SubmissionState.SENDING
_SENDING = select(_s.submission_id, _s.sender, _s.give_up_at).where(_IS_SENDING)


@dataclass(frozen=True, slots=True)
class Orphans:
    """Granted submissions whose answer nobody awaits, by id: `lost` have left, `unsent` have not.

    The columns are those of `submissions` as they read once this is settled.
    """

    lost: frozenset[int] = frozenset()
    unsent: frozenset[int] = frozenset()

    @property
    def state(self) -> ColumnElement[str]:
        """Build the column of the state."""
        return case(
            (self._is_lost, literal(SubmissionState.IN_DOUBT.value)),
            (self._is_unsent, literal(SubmissionState.PENDING.value)),
            else_=_s.state,
        )

    @property
    def reason(self) -> ColumnElement[str]:
        """Build the column of the reason."""
        return case(
            (self._is_lost, literal(LOST)),
            (self._is_unsent, literal(NEVER_SENT)),
            else_=_s.reason,
        )

    @property
    def n_attempts(self) -> ColumnElement[int]:
        """Build the column of the attempts."""
        return case((self._is_lost, _s.n_attempts + 1), else_=_s.n_attempts)

    def resolve(self, known: Known) -> Known:
        """Give a submission that was read without these columns as it stands."""
        if known.submission_id in self.lost and known.state == SubmissionState.SENDING:
            return replace(known, state=SubmissionState.IN_DOUBT, n_attempts=known.n_attempts + 1)
        return known

    # What has moved since it was found stands as it is.
    @property
    def _is_lost(self) -> ColumnElement[bool]:
        return and_(_IS_SENDING, _s.submission_id.in_(sorted(self.lost)))

    @property
    def _is_unsent(self) -> ColumnElement[bool]:
        return and_(_IS_SENDING, _s.submission_id.in_(sorted(self.unsent)))


NO_ORPHANS = Orphans()


def find_orphans(ledger: Readable, folder: Path) -> Orphans:
    """Find what `recover_ended` would settle now."""
    return match_orphans(ledger, look_for_ended(folder))


def match_orphans(ledger: Readable, ended: Sequence[EndedSender]) -> Orphans:
    """Find what these processes left behind, and what is past its deadline.

    They were looked for before the ledger is read: what one that ended later was granted may be
    answered by now.
    """
    departed = {one.sender: one.departed for one in ended}
    with ledger.read_only() as connection:
        rows = connection.execute(_SENDING).all()
        now = ledger.read_clock(connection)
    of_ended = {row.submission_id: departed[row.sender] for row in rows if row.sender in departed}
    unsent = {
        submission_id for submission_id, orphans in of_ended.items() if submission_id not in orphans
    }
    overdue = {row.submission_id for row in rows if row.give_up_at < now}
    return Orphans(frozenset((of_ended.keys() | overdue) - unsent), frozenset(unsent))
