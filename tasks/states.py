"""How are the ends of our flow runs called, where `Completed` or `Failed` says too little?

In:    nothing.
Out:   the names of final states, as the UI shows them.
Never: a name that `deployments/automations.yaml` does not know: Prefect tells of a state by its
       name, and a run of which it expects no such end is taken for dead once its heartbeats stop.
"""

from __future__ import annotations

from enum import StrEnum


class StateName(StrEnum):
    """The names of final states that are ours; what they mean stands in `deployments/README.md`."""

    NEEDS_ATTENTION = "NeedsAttention"
    PLANNED = "Planned"
    LEADS_DEFERRED = "LeadsDeferred"
    LEADS_PENDING = "LeadsPending"
    BOOKS_UNBALANCED = "BooksUnbalanced"
    LEDGER_DAMAGED = "LedgerDamaged"
