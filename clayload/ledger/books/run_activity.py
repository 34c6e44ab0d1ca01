"""Does anybody still work on this run?

In:    a run; the books, opened at a moment.
Out:   what is known of it: leads in flight, the last move, who asks; and one verdict, its status.
Never: another answer elsewhere: whoever reports a run, resumes it or raises an alarm asks here.

Nobody may look into another machine's processes, so the ledger's signs must do. They are read so
that two never go on with the same leads, and that a run which still sends is never called over; the
price is that of one that was killed nobody may say so for the next minute.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, func, select

from clayload.ledger.books.run_books import LEADS_OF_RUN, Books
from clayload.ledger.books.runs import RunRow
from clayload.ledger.database import schema
from clayload.ledger.rules.statements import SHARE_COLUMNS
from clayload.ledger.rules.states import SubmissionState

QUIET_S = 60.0
"""After so long without a move nobody works on a run, if nobody asks for leads of its workspace.

A process that works asks for its next leads within seconds, but for a while when it begins, and
before it tries again what has failed."""
IDLE_S = 600.0
"""After so long without a move nobody works on a run, though somebody asks: another run does."""

_s, _c, _w = schema.submissions.c, schema.chunks.c, schema.workspaces.c


class RunStatus(StrEnum):
    """Whether anybody works on a run."""

    CLOSED = "closed"
    RUNNING = "running"
    WAITING = "waiting"
    STOPPING = "stopping"
    ABANDONED = "abandoned"

    @property
    def is_worked_on(self) -> bool:
        """Whether a process has the run's leads in hand: no other may take them up."""
        return self not in (RunStatus.CLOSED, RunStatus.ABANDONED)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunActivity:
    """What tells whether anybody works on a run; moments are epoch seconds, UTC.

    `in_flight` leads of it await their answers, by table; `unsent` were granted to a process that
    ended before it sent them, `n_lost` after. `moved_at`: when the run began, one of its leads was
    granted or answered, or the run was closed, whichever came last. `is_anybody_asking`: some run
    wants leads of the workspace sent; who waits asks again and again, through a pause too.
    `throttled_until` may be past.
    """

    now: float
    is_closed: bool
    halted_by: str | None
    in_flight: Mapping[str, int]
    unsent: Mapping[str, int]
    n_lost: int
    moved_at: float
    is_anybody_asking: bool
    is_paused: bool
    throttled_until: float

    @property
    def idle_s(self) -> float:
        """Seconds since the last move."""
        return self.now - self.moved_at

    @property
    def ended_at(self) -> float:
        """The moment to which the run's duration counts: now, as long as somebody works on it."""
        return self.now if self.status.is_worked_on else self.moved_at

    @property
    def status(self) -> RunStatus:
        """Judge whether anybody works on the run.

        - Closed: its books are drawn up.
        - Leads in flight: running, or, once it was told to stop, stopping: their answers are
          awaited and will be recorded, so nobody may take the run for dead, or its leads.
        - Told to stop, and nothing in flight: abandoned; no grant is given to it any more.
        - Paused by a person, and somebody asks: waiting, however long it takes.
        - Else silence tells: running for a minute after the last move (one that was idle for 45 s
          may try again any moment), for ten while somebody asks who may be this run; then
          abandoned. While the workspace is throttled nobody can move: the time counts from its end.
        """
        if self.is_closed:
            return RunStatus.CLOSED
        if self.in_flight:
            return RunStatus.RUNNING if self.halted_by is None else RunStatus.STOPPING
        if self.halted_by is not None:
            return RunStatus.ABANDONED
        if self.is_paused and self.is_anybody_asking:
            return RunStatus.WAITING
        silent_s = self.now - max(self.moved_at, min(self.throttled_until, self.now))
        is_alive = silent_s <= (IDLE_S if self.is_anybody_asking else QUIET_S)
        return RunStatus.RUNNING if is_alive else RunStatus.ABANDONED


def read_activity(books: Books, run: RunRow, workspace: str) -> RunActivity:
    """Read what tells whether anybody works on a run whose leads go through this workspace."""
    orphans = books.orphans
    with books.ledger.read_only() as connection:
        now = books.ledger.read_clock(connection)
        sending = _list_sending(connection, run.run_id)
        awaited = {one: table for one, table in sending.items() if one not in orphans.lost}
        signs = _read_workspace(connection, workspace, now)
        return RunActivity(
            now=now,
            is_closed=run.finished_at is not None,
            halted_by=run.halted_by,
            in_flight=Counter(awaited[one] for one in awaited.keys() - orphans.unsent),
            unsent=Counter(awaited[one] for one in awaited.keys() & orphans.unsent),
            n_lost=len(sending) - len(awaited),
            moved_at=_find_last_move(connection, run),
            is_anybody_asking=signs.is_anybody_asking,
            is_paused=signs.is_paused,
            throttled_until=signs.throttled_until,
        )


def is_worked_on(books: Books, run: RunRow, workspace: str) -> bool:
    """Whether anybody works on a run, by `RunActivity.status`; of a closed one nothing is read."""
    return run.finished_at is None and read_activity(books, run, workspace).status.is_worked_on


def _list_sending(connection: Connection, run_id: str) -> dict[int, str]:
    found = (
        select(_s.submission_id, _c.table_name)
        .select_from(LEADS_OF_RUN)
        .where(_c.run_id == run_id, _s.state == SubmissionState.SENDING)
    )
    return {row.submission_id: row.table_name for row in connection.execute(found)}


def _find_last_move(connection: Connection, run: RunRow) -> float:
    if run.finished_at is not None:
        return run.finished_at
    moved = (
        select(func.max(_s.updated_at))
        .select_from(LEADS_OF_RUN)
        .where(_c.run_id == run.run_id, _s.run_id == run.run_id)
    )
    moved_at: float | None = connection.execute(moved).scalar_one()
    return max(moved_at or 0.0, run.started_at)


@dataclass(frozen=True, slots=True)
class _WorkspaceSigns:
    is_anybody_asking: bool = False
    is_paused: bool = False
    throttled_until: float = 0.0


def _read_workspace(connection: Connection, workspace: str, now: float) -> _WorkspaceSigns:
    present_until = [_w[until] for _, until in SHARE_COLUMNS.values()]
    found = select(_w.paused_at, _w.throttled_until, *present_until).where(
        _w.workspace == workspace
    )
    row = connection.execute(found).one_or_none()
    if row is None:
        return _WorkspaceSigns()
    paused_at, throttled_until, *presences = row
    return _WorkspaceSigns(
        any(until > now for until in presences), paused_at is not None, throttled_until
    )
