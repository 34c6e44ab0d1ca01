"""Is a workspace paused by a person, and what is still on its way?

In:    a workspace's name; what processes that ended have left behind.
Out:   its pause, if there is one; the workspaces the ledger knows; how much is in flight.
Never: a write: `Ledger.pause` pauses, `Ledger.unpause` ends it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import func, literal, select

from clayload.ledger.books.orphans import Orphans
from clayload.ledger.database.schema import submissions, workspaces
from clayload.ledger.moment import Readable
from clayload.ledger.rules.states import SubmissionState


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause by a person: since when (epoch seconds, UTC), and because of what."""

    workspace: str
    paused_at: float
    because: str


@dataclass(frozen=True, slots=True)
class InFlight:
    """Leads whose answers are awaited; by `recorded_by` (epoch seconds) all will have come."""

    n_leads: int
    recorded_by: float | None


def find_pause(ledger: Readable, workspace: str) -> Pause | None:
    """Find the pause of a workspace; None while it goes on."""
    found = select(workspaces.c.paused_at, workspaces.c.paused_because).where(
        workspaces.c.workspace == workspace, workspaces.c.paused_at.is_not(None)
    )
    with ledger.read_only() as connection:
        row = connection.execute(found).one_or_none()
    return None if row is None else Pause(workspace, row.paused_at, row.paused_because or "")


def list_workspaces(ledger: Readable) -> list[str]:
    """List the workspaces that were ever loaded into."""
    with ledger.read_only() as connection:
        return list(connection.execute(select(workspaces.c.workspace)).scalars())


def count_in_flight(ledger: Readable, tables: Collection[str], orphans: Orphans) -> InFlight:
    """Count what was granted for these tables and is not yet recorded, but for what is `left`."""
    counted = select(
        func.count(literal(1)).label("n"), func.max(submissions.c.give_up_at).label("last")
    ).where(orphans.state == SubmissionState.SENDING, submissions.c.table_name.in_(list(tables)))
    with ledger.read_only() as connection:
        row = connection.execute(counted).one()
    return InFlight(row.n, row.last)
