"""What is left of the budgets?

In:    configuration and ledger.
Out:   a fund for each budget line.
Never: a balance in Clay; that is `live`'s question.
"""

from __future__ import annotations

from dataclasses import replace

from clayload.capacity.funds import Fund, Unit
from clayload.loading.setup import Setup
from clayload.loading.spending import read_budgets


def read_budgets_left(setup: Setup) -> list[Fund]:
    """Tell what each budget line has left.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    uses = read_budgets(replace(setup, is_reading=True))
    return [Fund(use.key, Unit(use.unit), use.left, use.table) for use in uses]
