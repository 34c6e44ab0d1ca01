"""What was told of whatever is watched, and who tells what has changed?

In:    a workspace, and a look at how things stand.
Out:   what was told; changes that are the caller's to tell, and nobody else's meanwhile.
Never: a change lost because whoever was to tell it died: its claim lapses, and the next look finds
       it again. So it is told at least once, and twice only where somebody told it and died before
       that was written down.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, select, update

from clayload.alerts import AlertLevel, Change, Kind, Look, ReportedAlert, find_changes
from clayload.ledger.database import schema
from clayload.ledger.database.retry import retry_on_conflict
from clayload.ledger.store import Ledger

CLAIM_S = 60.0
"""For so long a change is left to whoever claimed it: far longer than telling takes."""

_a = schema.alerts.c
_CLAIM = update(schema.alerts).where(_a.subject == bindparam("about"))
_SET_CLAIM = _CLAIM.values(claimed_until=bindparam("until"))
_TELL = _CLAIM.values(
    level=bindparam("to_level"),
    reported_at=bindparam("at"),
    detail=bindparam("what"),
    claimed_until=None,
)


def read_reported(ledger: Ledger, workspace: str) -> list[ReportedAlert]:
    """Read what was told of a workspace's things, by subject."""
    with ledger.read_only() as connection:
        return [reported for reported, _ in _read(connection, workspace)]


def _read(connection: Connection, workspace: str) -> list[tuple[ReportedAlert, float | None]]:
    found = select(schema.alerts).where(_a.workspace == workspace).order_by(_a.subject)
    return [
        (
            ReportedAlert(
                row.subject, Kind(row.kind), AlertLevel(row.level), row.reported_at, row.detail
            ),
            row.claimed_until,
        )
        for row in connection.execute(found)
    ]


@retry_on_conflict
def claim_changes(ledger: Ledger, workspace: str, look: Look) -> list[Change]:
    """Take on what is to be told, except what somebody else is telling just now."""
    with ledger.transaction() as tx:
        ledger.lock_workspaces(tx)
        now = ledger.read_clock(tx)
        rows = _read(tx, workspace)
        taken = {reported.subject for reported, until in rows if until is not None and until > now}
        changes = [
            change
            for change in find_changes((reported for reported, _ in rows), look)
            if change.condition.subject not in taken
        ]
        for change in changes:
            _claim(ledger, tx, workspace, change, now)
        return changes


def _claim(ledger: Ledger, tx: Connection, workspace: str, change: Change, now: float) -> None:
    about = change.condition
    untold = {"level": AlertLevel.FINE, "reported_at": now, "detail": ""}
    tx.execute(
        ledger.insert_new(schema.alerts, "subject"),
        {"subject": about.subject, "workspace": workspace, "kind": about.kind, **untold},
    )
    tx.execute(_SET_CLAIM, {"about": about.subject, "until": now + CLAIM_S})


def record_reported(ledger: Ledger, changes: Sequence[Change]) -> None:
    """Write down that these changes were told."""
    with ledger.transaction() as tx:
        now = ledger.read_clock(tx)
        for change in changes:
            about = change.condition
            said = {"to_level": about.level, "what": about.what}
            tx.execute(_TELL, {"about": about.subject, "at": now, **said})


def give_back_changes(ledger: Ledger, changes: Sequence[Change]) -> None:
    """Leave these changes to the next look: they could not be told."""
    with ledger.transaction() as tx:
        for change in changes:
            tx.execute(_SET_CLAIM, {"about": change.condition.subject, "until": None})
