"""How many leads can be paid for?

In:    what is left of budgets and balances, and what a lead of each table costs.
Out:   how many of each table's leads all funds have enough for, if they go in this order.
Never: a fraction: whole thousandths, so that nothing drifts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from clayload.tables.costs import LeadCost

_MILLI = 1_000
# Hides what binary fractions add: 0.7 is 700 thousandths, and not a little less or more.
_EXACT_DIGITS = 6


class Unit(StrEnum):
    """What Clay meters."""

    CREDITS = "credits"
    ACTIONS = "actions"

    @property
    def word(self) -> str:
        """Say it as Clay writes it."""
        return "Actions" if self is Unit.ACTIONS else "credits"


@dataclass(frozen=True, slots=True)
class Fund:
    """What is `left` in one unit, of a budget or a balance; without a table all tables draw on it.

    `name` is what people call it, such as `workspace.budget.credits_per_cycle`.
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
    left = [_milli(fund.left, math.floor) for fund in funds]
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
    return sum(_price(fund, demand) * demand.n for demand in demands) / _MILLI


def _price(fund: Fund, demand: Demand) -> int:
    """What one lead takes of a fund, in thousandths."""
    if fund.table not in (None, demand.table):
        return 0
    each = demand.each.credits if fund.unit is Unit.CREDITS else demand.each.actions
    return _milli(each, math.ceil)


def _milli(amount: float, to_whole: Callable[[float], int]) -> int:
    return to_whole(round(amount * _MILLI, _EXACT_DIGITS))
