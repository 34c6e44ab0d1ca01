"""What are the ends of our flow runs called, where `Completed` or `Failed` is too little?

In:    nothing.
Out:   the names of final states, as the UI shows them.
Never: a name that `deployments/automations.yaml` does not know: Prefect's events have a
       state's name, and a run that ends by an unexpected one is taken for dead when its
       heartbeats stop.
"""

from __future__ import annotations

from enum import StrEnum


class StateName(StrEnum):
    """The names of final states that are ours; `deployments/README.md` has what they mean."""

    NEEDS_ATTENTION = "NeedsAttention"
    PLANNED = "Planned"
    LEADS_DEFERRED = "LeadsDeferred"
    LEADS_PENDING = "LeadsPending"
    BOOKS_UNBALANCED = "BooksUnbalanced"
    LEDGER_DAMAGED = "LedgerDamaged"
