"""What is known of a run in a list of runs?

In:    what the ledger keeps of a run.
Out:   a line of it: what it read, how it ended or stands, what it delivered.
Never: a lead.
"""

from __future__ import annotations

from dataclasses import dataclass

from clayload.ledger.books.run_activity import RunStatus
from clayload.model import Outcome, RunKind


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedRun:
    """A run in a list; `outcome` is None until it is closed, `status` says who works on it.

    `n_owed` leads of it are still to be sent, by whichever run. It began at `started_at` (epoch
    seconds, UTC) and took `took_s` seconds: until it was closed, until now while somebody works on
    it, else until its last move.
    """

    run_id: str
    kind: RunKind
    parent_run_id: str | None
    files: tuple[str, ...]
    cycle: str
    status: RunStatus
    outcome: Outcome | None
    n_delivered: int
    n_owed: int
    started_at: float
    took_s: float
