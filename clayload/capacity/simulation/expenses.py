"""What is spent of the budgets in a simulated month, and what do they still allow?

In:    the budgets, what a lead of each table costs, leads as they are sent.
Out:   the bill that the grant's own arithmetic counts by; sums of each line; when lines renew.
Never: a formula of its own for what a budget allows: `clayload.delivery.budget` has them all.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from clayload.capacity.simulation.scenario import BEGINS_AT, DAY_S, Scenario
from clayload.capacity.simulation.tally import LineTally
from clayload.delivery.budget import (
    FREE,
    NOTHING,
    Bill,
    BudgetLine,
    Charge,
    Periods,
    Span,
    find_periods,
    list_lines,
)


@dataclass(slots=True)
class Expenses:
    """The budgets of one workspace on their way through the month; times are in s since it began.

    `spent` is of the day and the billing month of now.
    """

    scenario: Scenario
    tallies: Mapping[str, LineTally]
    each: Mapping[str, Charge] = field(init=False)
    periods: Periods = field(init=False)
    spent: defaultdict[tuple[str | None, Span], Charge] = field(init=False)

    def __post_init__(self) -> None:
        self.each = {table.name: table.each for table in self.scenario.tables}
        self.periods = find_periods(BEGINS_AT, self.scenario.budgets)
        self.spent = defaultdict(Charge)

    def read_bill(self, table: str) -> Bill:
        """Give what a table's leads cost and count against, as the ledger does at a grant."""
        each = self.each[table]
        if not self.tallies or each == NOTHING:
            return FREE
        return Bill(each, self.periods[Span.DAY].first_day, self._list_lines(table))

    def charge(self, table: str, n: int) -> None:
        """Take note that `n` leads were sent."""
        if not self.tallies:
            return
        cost = self.each[table].times(n)
        for holder in (None, table):
            for span in Span:
                self.spent[holder, span] = self.spent[holder, span].plus(cost)

    def list_renewals(self) -> Iterator[float]:
        """List the midnights within the month; at each a line may renew."""
        if self.tallies:
            n_days = math.ceil(self.scenario.length_s / DAY_S)
            yield from (float(day * DAY_S) for day in range(1, n_days))

    def renew(self, now: float) -> None:
        """Begin the day, and the billing month if it is its day, with nothing spent."""
        periods = find_periods(BEGINS_AT + now, self.scenario.budgets)
        self._add_up([span for span in Span if periods[span] != self.periods[span]])
        self.periods = periods

    def close(self) -> None:
        """Add up what is spent when the month ends."""
        self._add_up(list(Span))

    def bound_rounds(self, n_of: Mapping[str, int], ask_size: int) -> Iterator[int]:
        """Count how often a round of so many leads by table surely fits each line.

        Surely: every grant in it gets all it asks for, as those that were counted did.
        """
        if not self.tallies:
            return
        lines = {line.key: line for table in n_of for line in self._list_lines(table)}
        for line in lines.values():
            paying = [table for table in n_of if line.table in (None, table)]
            costs = {table: self.each[table].of(line.unit) for table in paying}
            of_round = sum(n_of[table] * cost for table, cost in costs.items())
            if of_round:
                yield (line.left_milli - ask_size * max(costs.values())) // of_round

    def _list_lines(self, table: str) -> tuple[BudgetLine, ...]:
        return list_lines(self.scenario.budgets, table, self.periods, self.spent)

    def _add_up(self, spans: list[Span]) -> None:
        for tally in self.tallies.values():
            if tally.span in spans:
                tally.add_period(self.spent[tally.table, tally.span].of(tally.unit))
        for holder, span in list(self.spent):
            if span in spans:
                del self.spent[holder, span]
