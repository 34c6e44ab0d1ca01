"""What does a person see of a replay, before anything is sent again?

In:    counts of the leads, and the slots they would go through.
Out:   grids, the same on the terminal and in the orchestrator.
Never: a lead's key.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from clayload.account.replay_count import ReplayCount
from clayload.ledger.rules.states import SubmissionState
from clayload.report.grids import Grid

END_OF = {
    SubmissionState.REFUSED: "refused",
    SubmissionState.IN_DOUBT: "in doubt",
    SubmissionState.PENDING: "already replayed, not sent yet",
}
"""How leads ended that a replay may send again."""


def render_counts(counts: Iterable[ReplayCount]) -> Grid:
    """Give how many leads would be sent again, by table, end and reason."""
    rows = ((one.table, END_OF[one.state], one.reason, f"{one.n_leads:,}") for one in counts)
    return Grid(("table", "end", "reason", "leads"), tuple(rows))


def render_placement(by_slot: Mapping[str, Mapping[str, int]]) -> Grid:
    """Give how many of them each slot takes."""
    rows = (
        (table, slot, f"{n_taken:,}")
        for table, slots in by_slot.items()
        for slot, n_taken in slots.items()
    )
    return Grid(("table", "slot", "takes"), tuple(rows))
