"""Where is the workspace's rate kept, so that all processes and hosts share it?

In:    a transaction.
Out:   the workspace as it stands, locked for this transaction, and its new state written back.
Never: a rate of one process alone: what is paced by stands in the ledger.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Row

from clayload.delivery.fair_share import FairShare, FairShares
from clayload.delivery.grant import WorkspaceSnapshot
from clayload.delivery.pace import PaceState, Rate, undo_clock_step
from clayload.ledger.rules import statements
from clayload.ledger.store import Ledger
from clayload.model import Priority
from clayload.tables.budgets import Budgets
from clayload.tables.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Pacer:
    """One workspace's row, as the grants of all chunks queue for it."""

    ledger: Ledger
    workspace: Workspace

    def lock(self, tx: Connection) -> WorkspaceSnapshot:
        """Wait for the workspace's turn, then read its state and the clock, in this order."""
        # First of all, so that on Postgres every grant of the workspace queues here.
        row = tx.execute(statements.LOCK_WORKSPACE, {"name": self.workspace.name}).one()
        now, steady = self.ledger.read_clock(tx), self.ledger.read_steady_clock()
        found = read_workspace(row, self.workspace, (now, time.monotonic()))
        pace = undo_clock_step(found.pace, found.rate, now, steady)
        fixed = replace(found, pace=pace)
        if pace.clock_ahead_s != found.pace.clock_ahead_s:
            # Its moments are of the clock as it was: stepped back, one would wait for ever.
            fixed = replace(fixed, shares=found.shares.forget_who_waits())
        if fixed != found:
            self.write(tx, fixed)
        return fixed

    def write(self, tx: Connection, snapshot: WorkspaceSnapshot, n_rate_limited: int = 0) -> None:
        """Write the pace and the shares."""
        pace = {f"to_{name}": getattr(snapshot.pace, name) for name in statements.PACE_COLUMNS}
        shares = {
            f"to_{column}": figure
            for priority, columns in statements.SHARE_COLUMNS.items()
            for column, figure in zip(columns, _figures(snapshot, priority), strict=True)
        }
        key = {"name": self.workspace.name, "n_429": n_rate_limited}
        tx.execute(statements.SET_PACE, {**key, **pace, **shares})


def read_workspace(
    row: Row[Any], workspace: Workspace, clocks: tuple[float, float]
) -> WorkspaceSnapshot:
    """Read a row of `workspaces`; the weights are the configuration's.

    `clocks` are the ledger's and the process's own, read at one moment.
    """
    figures = row._mapping  # noqa: SLF001 - SQLAlchemy's public accessor
    shares = {
        priority: FairShare(*(figures[column] for column in columns))
        for priority, columns in statements.SHARE_COLUMNS.items()
    }
    return WorkspaceSnapshot(
        now=clocks[0],
        read_at=clocks[1],
        rate=Rate(row.rate_per_s, row.burst),
        pace=PaceState(**{name: figures[name] for name in statements.PACE_COLUMNS}),
        shares=FairShares(shares, workspace.priority_weights.by_priority(), row.rate_per_s),
        is_paused=row.paused_at is not None,
        budgets=_read_budgets(row.budgets) if row.budgets else None,
    )


# Each grant reads them, and they seldom change.
@lru_cache(maxsize=8)
def _read_budgets(document: str) -> Budgets:
    return Budgets.model_validate_json(document)


def with_share(
    snapshot: WorkspaceSnapshot, priority: Priority, share: FairShare, pace: PaceState
) -> WorkspaceSnapshot:
    """Give the workspace once one priority's share has changed."""
    of: Mapping[Priority, FairShare] = {**snapshot.shares.of, priority: share}
    return replace(snapshot, shares=replace(snapshot.shares, of=of), pace=pace)


def _figures(snapshot: WorkspaceSnapshot, priority: Priority) -> tuple[float, float]:
    share = snapshot.shares.of[priority]
    return share.served, share.present_until
