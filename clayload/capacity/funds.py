"""How many leads can be paid for?

In:    what is left of budgets and balances, and what a lead of each table costs.
Out:   how many of each table's leads all funds have enough for, if they go in this order.
Never: a fraction: whole thousandths, so that nothing drifts.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clayload.delivery.budget import MILLI, Unit, charge_of, to_milli

if TYPE_CHECKING:
    # Only a type here, as in delivery.budget.
    from clayload.tables.costs import LeadCost


@dataclass(frozen=True, slots=True)
class Fund:
    """What is `left` in one unit, of a budget or a balance; without a table all tables draw on it.

    `name` is what people call it, such as `workspace.budget.credits_per_billing_month`.
    """

    name: str
    unit: Unit
    left: float
    table: str | None = None


@dataclass(frozen=True, slots=True)
class Demand:
    """Leads of one table, and what each costs."""

    table: str
    n: int
    each: LeadCost


def count_paid(funds: Sequence[Fund], demands: Iterable[Demand]) -> dict[str, int]:
    """Count the leads of each table that every fund has enough for; the first come first."""
    left = [to_milli(fund.left, math.floor) for fund in funds]
    paid = {}
    for demand in demands:
        prices = [_price(fund, demand) for fund in funds]
        pairs = list(zip(left, prices, strict=True))
        n = min([demand.n, *(rest // price for rest, price in pairs if price)])
        left = [rest - price * n for rest, price in pairs]
        paid[demand.table] = n
    return paid


def draw(fund: Fund, demands: Iterable[Demand]) -> float:
    """Tell what all these leads would take of a fund."""
    return sum(_price(fund, demand) * demand.n for demand in demands) / MILLI


def _price(fund: Fund, demand: Demand) -> int:
    """What one lead takes of a fund, in thousandths."""
    if fund.table not in (None, demand.table):
        return 0
    return charge_of(demand.each).of(fund.unit)
