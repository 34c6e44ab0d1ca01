"""How does a budget stand?

In:    nothing; this is a value.
Out:   `BudgetUse`: what is spent, reserved and left of a line, and when it renews.
Never: a read.
"""

from __future__ import annotations

from dataclasses import dataclass

from clayload.capacity.funds import Fund
from clayload.delivery.budget import Span, Unit


@dataclass(frozen=True, slots=True)
class BudgetUse:
    """A budget line: `spent` for good, `reserved` for leads whose answers are awaited, and `left`.

    `key` is where it stands in `tables.yaml`; amounts are credits or Actions. It renews when the
    local day `renews_on` begins, at `renews_at` (epoch seconds).
    """

    key: str
    table: str | None
    unit: Unit
    span: Span
    limit: float
    spent: float
    reserved: float
    left: float
    renews_on: str
    renews_at: float

    @property
    def fund(self) -> Fund:
        """What is left to draw on."""
        return Fund(self.key, self.unit, self.left, self.table)

    @property
    def part_used(self) -> float:
        """How much of the limit is spent or reserved; all of it where the limit is 0."""
        return (self.spent + self.reserved) / self.limit if self.limit else 1.0
