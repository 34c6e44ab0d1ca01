"""What is used a day, and what will it come to?

In:    configuration and ledger.
Out:   leads, credits and Actions by local day and table; every budget line with its forecast; what
       the leads still owed will take.
Never: a write.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from clayload.capacity.budget_use import BudgetUse
from clayload.capacity.forecast import WEEK_DAYS, ByDay, LineUse, Month, forecast_line
from clayload.capacity.usage import DayUse, OwedCost, Usage
from clayload.delivery.budget import MILLI, NOTHING, Charge, Span, Unit, charge_of, find_periods
from clayload.ledger.books.daily_usage import (
    Answers,
    DayOfTable,
    count_submissions,
    find_first_spending,
    read_answers,
    read_spending,
)
from clayload.ledger.database.engine import is_new
from clayload.ledger.rules.states import SubmissionState
from clayload.monitoring.budgets import read_budgets
from clayload.setup import Setup
from clayload.tables.costs import costs_of

_NO_ANSWERS = Answers(0, 0)


def read_usage(setup: Setup, n_days: int) -> Usage:
    """Read what was used in the last `n_days` local days, and what it will come to.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    workspace = setup.config.workspace
    return Usage(
        workspace=workspace.name,
        time_zone=workspace.time_zone,
        days=() if is_new(setup.settings.ledger_url) else tuple(_read_days(setup, n_days)),
        lines=read_line_uses(setup),
        owed=_read_owed(setup),
    )


def _read_days(setup: Setup, n_days: int) -> Iterator[DayUse]:
    workspace, zone = setup.config.workspace.name, ZoneInfo(setup.config.workspace.time_zone)
    today = datetime.fromtimestamp(setup.ledger.now(), zone).date()
    days = [today - timedelta(days=n) for n in reversed(range(n_days))]
    began = [(f"{day}", datetime.combine(day, time(), zone).timestamp()) for day in days]
    answers = read_answers(setup.ledger, workspace, began)
    spent = read_spending(setup.ledger, workspace, f"{days[0]}")
    for key in sorted(answers.keys() | spent.keys()):
        said, cost = answers.get(key, _NO_ANSWERS), spent.get(key, NOTHING)
        yield DayUse(
            *key,
            said.n_accepted,
            said.n_in_doubt,
            cost.credits_milli / MILLI,
            cost.actions_milli / MILLI,
        )


def read_line_uses(setup: Setup) -> tuple[LineUse, ...]:
    """Read how every budget stands and what it will come to; the workspace's whole use first.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    history = _read_history(setup)
    budgets = read_budgets(setup)
    limited = {use.unit for use in budgets if use.table is None and use.span is Span.BILLING_MONTH}
    whole = (history.describe_whole(unit) for unit in Unit if unit not in limited)
    return (*whole, *(history.describe_budget(use) for use in budgets))


def _read_history(setup: Setup) -> _History:
    budgets = setup.config.budgets
    has_ledger = not is_new(setup.settings.ledger_url)
    now = setup.ledger.now() if has_ledger else datetime.now(UTC).timestamp()
    periods = find_periods(now, budgets)
    cycle, today = periods[Span.BILLING_MONTH], periods[Span.DAY]
    began_at = datetime.combine(
        date.fromisoformat(today.first_day), time(), ZoneInfo(budgets.time_zone)
    ).timestamp()
    day = date.fromisoformat(today.first_day)
    first = min(date.fromisoformat(cycle.first_day), day - timedelta(days=WEEK_DAYS - 1))
    workspace = setup.config.workspace.name
    known = find_first_spending(setup.ledger, workspace) if has_ledger else None
    return _History(
        setup=setup,
        month=Month(
            first_day=date.fromisoformat(cycle.first_day),
            today=day,
            part_of_day=(now - began_at) / (today.ends_at - began_at),
            ends_on=date.fromisoformat(cycle.ends_on),
            known_since=day if known is None else date.fromisoformat(known),
        ),
        spent=read_spending(setup.ledger, workspace, f"{first}") if has_ledger else {},
    )


@dataclass(frozen=True, slots=True)
class _History:
    """What was spent by day and table, in this billing month and the last week."""

    setup: Setup
    month: Month
    spent: Mapping[DayOfTable, Charge]

    def describe_whole(self, unit: Unit) -> LineUse:
        """Describe all that a workspace spends in a unit which no budget of its own limits."""
        by_day = self._sum_by_day(unit, None)
        used = sum(n for day, n in by_day.items() if day >= self.month.first_day)
        return LineUse(
            key=f"workspace, all {unit.label}",
            table=None,
            unit=unit.label,
            limit=None,
            used=used,
            renews_on=f"{self.month.ends_on}",
            least=None,
            forecast=forecast_line(used, None, by_day, self.month),
        )

    def describe_budget(self, use: BudgetUse) -> LineUse:
        """Describe a budget; one by the day is not forecast."""
        used = use.spent + use.reserved
        by_day = self._sum_by_day(use.unit, use.table)
        is_daily = use.span is Span.DAY
        return LineUse(
            key=use.key,
            table=use.table,
            unit=use.unit.label,
            limit=use.limit,
            used=used,
            renews_on=use.renews_on,
            least=self._find_least(use),
            forecast=None if is_daily else forecast_line(used, use.limit, by_day, self.month),
        )

    def _sum_by_day(self, unit: Unit, table: str | None) -> ByDay:
        sums: dict[date, int] = {}
        for (day, of_table), cost in self.spent.items():
            if table in (None, of_table):
                when = date.fromisoformat(day)
                sums[when] = sums.get(when, 0) + cost.of(unit)
        return {day: milli / MILLI for day, milli in sums.items()}

    def _find_least(self, use: BudgetUse) -> float | None:
        """Find what the cheapest lead takes that counts on a line at all."""
        costs = costs_of(self.setup.config, self.setup.catalogue)
        of_line = costs.values() if use.table is None else [costs[use.table]]
        return min(
            (milli / MILLI for cost in of_line if (milli := charge_of(cost).of(use.unit))),
            default=None,
        )


def _read_owed(setup: Setup) -> OwedCost:
    if is_new(setup.settings.ledger_url):
        return OwedCost(0, 0.0, 0.0)
    counted = count_submissions(setup.ledger)
    costs = costs_of(setup.config, setup.catalogue)
    owed = {name: counted.get((name, SubmissionState.PENDING), 0) for name in costs}
    total = NOTHING
    for name, n in owed.items():
        total = total.plus(charge_of(costs[name]).times(n))
    return OwedCost(sum(owed.values()), total.credits_milli / MILLI, total.actions_milli / MILLI)
