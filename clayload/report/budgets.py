"""How are budgets shown to people?

In:    how each budget stands.
Out:   a grid with a row for each line of `tables.yaml`, or a sentence each.
Never: a figure that was not read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from clayload.capacity.budget_use import BudgetUse
from clayload.report.grids import Grid

_HEADER = ("budget", "limit", "spent", "reserved", "left", "% used", "renews on")


def render_budgets(uses: Iterable[BudgetUse]) -> Grid:
    """Give what is spent, reserved and left of each budget, and when it renews."""
    return Grid(_HEADER, tuple(_row_of(use) for use in uses))


def _row_of(use: BudgetUse) -> tuple[str, ...]:
    amounts = (use.limit, use.spent, use.reserved, use.left)
    return (use.key, *(f"{n:,.10g}" for n in amounts), f"{use.part_used:.1%}", use.renews_on)


def describe_budgets(uses: Iterable[BudgetUse]) -> Iterator[str]:
    """Say, a sentence each, how far the budgets are used."""
    for use in uses:
        yield (
            f"budget {use.key}: {use.spent + use.reserved:,.10g} of {use.limit:,.10g} used "
            f"({use.part_used:.1%}), renews on {use.renews_on}"
        )
