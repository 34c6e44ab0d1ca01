"""What is used a day, and what do the leads still owed take?

Never: a read; `clayload.monitoring.usage` makes these from the ledger.
"""

from __future__ import annotations

from dataclasses import dataclass

from clayload.capacity.forecast import LineUse


@dataclass(frozen=True, slots=True)
class DayUse:
    """What a table's leads were on a local day: accepted, in doubt, and what they cost."""

    day: str
    table: str
    n_accepted: int
    n_in_doubt: int
    credits: float
    actions: float


@dataclass(frozen=True, slots=True)
class OwedCost:
    """Leads that are still owed, over all runs, and what they will take."""

    n_leads: int
    credits: float
    actions: float


@dataclass(frozen=True, slots=True)
class Usage:
    """What a workspace used, the oldest day first; days on which nothing was done are left out.

    `lines` are the workspace's whole use of each unit where no budget limits it, then the budgets.
    """

    workspace: str
    time_zone: str
    days: tuple[DayUse, ...]
    lines: tuple[LineUse, ...]
    owed: OwedCost
