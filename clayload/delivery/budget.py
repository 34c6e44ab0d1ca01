"""How many leads does the budget still allow, and if none, until when?

In:    what a lead costs, the limits, and what is spent of them, in thousandths.
Out:   how many of n leads may go, or which line is used up and when it renews.
Never: a fraction: whole thousandths, so that nothing drifts and nothing is passed.
"""

from __future__ import annotations

import math
from calendar import monthrange
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias
from zoneinfo import ZoneInfo

from clayload.tables.budgets import Budget, Budgets

if TYPE_CHECKING:
    # Only a type here: the prices behind it take long to import, and few commands look at them.
    from clayload.tables.costs import LeadCost

MILLI = 1_000
# Hides what binary fractions add: 0.7 is 700 thousandths, and not a little less or more.
_EXACT_DIGITS = 6
_MONTHS = 12


class Unit(StrEnum):
    """What Clay meters."""

    CREDITS = "credits"
    ACTIONS = "actions"

    @property
    def label(self) -> str:
        """Say it as Clay writes it."""
        return "Actions" if self is Unit.ACTIONS else "credits"


class Span(StrEnum):
    """Over which time a limit holds: Clay's billing month, or a day."""

    BILLING_MONTH = "billing_month"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Charge:
    """Credits and Actions, in thousandths."""

    credits_milli: int = 0
    actions_milli: int = 0

    def of(self, unit: Unit) -> int:
        """Give the part in one unit."""
        return self.credits_milli if unit is Unit.CREDITS else self.actions_milli

    def times(self, n: int) -> Charge:
        """Give what `n` leads cost."""
        return Charge(self.credits_milli * n, self.actions_milli * n)

    def plus(self, other: Charge) -> Charge:
        """Add another."""
        return Charge(
            self.credits_milli + other.credits_milli, self.actions_milli + other.actions_milli
        )


NOTHING = Charge()


def charge_of(cost: LeadCost) -> Charge:
    """Count a cost in thousandths, rounded up: it is never more than what was counted."""
    return Charge(to_milli(cost.credits, math.ceil), to_milli(cost.actions, math.ceil))


def to_milli(amount: float, to_whole: Callable[[float], int]) -> int:
    """Give whole thousandths of an amount, rounded up or down."""
    return to_whole(round(amount * MILLI, _EXACT_DIGITS))


@dataclass(frozen=True, slots=True)
class Period:
    """A day or a cycle: local days, as in `2026-11-26`, and the moment it ends (epoch s)."""

    first_day: str
    ends_on: str
    ends_at: float


Periods: TypeAlias = Mapping[Span, Period]
"""The day and the cycle that a moment lies in."""


def find_periods(now: float, budgets: Budgets) -> Periods:
    """Find the day and the billing month of a moment (epoch s), in the workspace's time zone."""
    zone = ZoneInfo(budgets.time_zone)
    today = datetime.fromtimestamp(now, zone).date()
    month = today.year * _MONTHS + today.month - 1
    if today < _renewal_day(month, budgets.workspace.renews_on_day):
        month -= 1
    first, last = (_renewal_day(one, budgets.workspace.renews_on_day) for one in (month, month + 1))
    return {
        Span.BILLING_MONTH: _period(first, last, zone),
        Span.DAY: _period(today, today + timedelta(days=1), zone),
    }


def _renewal_day(month: int, day: int) -> date:
    year, month_of_year = month // _MONTHS, month % _MONTHS + 1
    return date(year, month_of_year, min(day, monthrange(year, month_of_year)[1]))


def _period(first: date, ends_on: date, zone: ZoneInfo) -> Period:
    ends_at = datetime.combine(ends_on, time(), zone).timestamp()
    return Period(first.isoformat(), ends_on.isoformat(), ends_at)


@dataclass(frozen=True, slots=True)
class BudgetLine:
    """One limit, and what is spent of it, in thousandths; without a table it is the workspace's."""

    table: str | None
    unit: Unit
    span: Span
    limit_milli: int
    spent_milli: int
    period: Period

    @property
    def left_milli(self) -> int:
        """What may still be spent."""
        return max(self.limit_milli - self.spent_milli, 0)

    @property
    def key(self) -> str:
        """Where the limit stands in `tables.yaml`."""
        holder = "workspace" if self.table is None else f"tables.{self.table}"
        return f"{holder}.budget.{self.unit}_per_{self.span}"


@dataclass(frozen=True, slots=True)
class Bill:
    """What each lead of a table costs, on which local day, and the lines it counts against."""

    each: Charge = NOTHING
    day: str | None = None
    lines: Sequence[BudgetLine] = ()


FREE = Bill()


@dataclass(frozen=True, slots=True)
class OverBudget:
    """Not one lead more fits `line`; `detail` has the figures.

    At the end of `until` it renews; None where that does not help: a lead costs more than the whole
    limit.
    """

    line: BudgetLine
    detail: str
    until: Period | None


def list_lines(
    budgets: Budgets, table: str, periods: Periods, spent: Mapping[tuple[str | None, Span], Charge]
) -> tuple[BudgetLine, ...]:
    """List the limits that a table's leads count against; `spent` by table (or None) and span."""
    of_table = budgets.tables.get(table, Budget())
    return tuple(
        BudgetLine(holder, unit, span, limit_milli, spent[holder, span].of(unit), periods[span])
        for holder, budget in ((None, budgets.workspace), (table, of_table))
        for unit, span, limit_milli in _list_limits(budget)
    )


def has_limits(budgets: Budgets, table: str) -> bool:
    """Whether a table's leads count against any limit."""
    both = (budgets.workspace, budgets.tables.get(table, Budget()))
    return any(True for budget in both for _ in _list_limits(budget))


def _list_limits(budget: Budget) -> Iterator[tuple[Unit, Span, int]]:
    for span in Span:
        for unit in Unit:
            limit: float | None = getattr(budget, f"{unit}_per_{span}")
            if limit is not None:
                yield unit, span, to_milli(limit, math.floor)


def count_affordable(bill: Bill, n: int) -> int | OverBudget:
    """Tell how many of `n` leads fit every line, or which line stops even the first.

    Of several that do, the one that renews last: before then nothing can be sent.
    """
    counted = [(line, each) for line in bill.lines if (each := bill.each.of(line.unit))]
    stopped = [(line, each) for line, each in counted if line.left_milli < each]
    if stopped:
        return _stop_at(*max(stopped, key=lambda one: _renews_at(*one)))
    return min([n, *(line.left_milli // each for line, each in counted)])


def _renews_at(line: BudgetLine, each: int) -> float:
    return line.period.ends_at if each <= line.limit_milli else math.inf


def _stop_at(line: BudgetLine, each: int) -> OverBudget:
    spent, limit = describe_milli(line.spent_milli), describe_milli(line.limit_milli)
    detail = (
        f"{spent} of {limit} {line.unit.label} are spent, and a lead takes {describe_milli(each)}"
    )
    return OverBudget(line, detail, line.period if each <= line.limit_milli else None)


def describe_milli(amount: int) -> str:
    """Say thousandths as people do: `1,250`, `0.5`."""
    whole, rest = divmod(amount, MILLI)
    return f"{whole:,}" + (f".{rest:03}".rstrip("0") if rest else "")
