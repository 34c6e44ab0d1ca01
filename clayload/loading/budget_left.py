"""What is left of the budgets?

In:    the surroundings.
Out:   a fund for each budget line.
Never: a balance in Clay; that is `live`'s question.
"""

from __future__ import annotations

from clayload.capacity.funds import Fund
from clayload.loading.setup import Setup


def read_budgets_left(_setup: Setup) -> list[Fund]:
    """Tell what each budget line has left: none, as long as `tables.yaml` has no budgets."""
    return []
