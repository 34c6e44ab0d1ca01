"""What came of a simulated month?

In:    what the simulation did, grant by grant.
Out:   counts by table and by hour, the longest wait, the peaks, over all workspaces.
Never: a lead without an end: delivered, in doubt, deferred by a budget, or still owed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields

from clayload.capacity.simulation.scenario import HOUR_S, Scenario
from clayload.delivery.budget import BudgetLine, Span, Unit


@dataclass(slots=True)
class Queue:
    """A table's leads that are owed, first come, first sent, as groups of (came at, how many)."""

    n: int = 0
    longest_wait_s: float = 0.0
    _groups: deque[tuple[float, int]] = field(default_factory=deque)

    def add(self, at_s: float, n: int) -> None:
        """Let leads become owed."""
        self._groups.append((at_s, n))
        self.n += n

    def take(self, n: int, begin_s: float, end_s: float) -> None:
        """Send the first `n`, evenly from `begin_s` to `end_s`."""
        n_taken = 0
        while n_taken < n:
            came_at_s, n_group = self._groups.popleft()
            n_now = min(n_group, n - n_taken)
            n_taken += n_now
            sent_at_s = begin_s + (end_s - begin_s) * n_taken / n
            self.longest_wait_s = max(self.longest_wait_s, sent_at_s - came_at_s)
            if n_now < n_group:
                self._groups.appendleft((came_at_s, n_group - n_now))
        self.n -= n

    def close(self, at_s: float) -> None:
        """Count the wait of what is still owed at the end."""
        if self._groups:
            self.longest_wait_s = max(self.longest_wait_s, at_s - self._groups[0][0])


@dataclass(slots=True)
class TableTally:
    """A table's month; `n_slots` were used, `n_made` of them beyond those configured.

    At its end `n_deferred` leads wait for a budget, and `n_owed` others were not sent either.
    """

    n_leads: int = 0
    n_delivered: int = 0
    n_in_doubt: int = 0
    n_deferred: int = 0
    n_owed: int = 0
    n_slots: int = 0
    n_made: int = 0
    longest_wait_s: float = 0.0
    last_sent_s: float = 0.0

    @property
    def n_charged(self) -> int:
        """Leads that Clay has, or may have."""
        return self.n_delivered + self.n_in_doubt

    def merge(self, other: TableTally) -> None:
        """Add the same table of another workspace."""
        for one in fields(self):
            mine, its = getattr(self, one.name), getattr(other, one.name)
            setattr(self, one.name, max(mine, its) if one.name.endswith("_s") else mine + its)


@dataclass(slots=True)
class LineTally:
    """A budget line's month; amounts are in thousandths, the limit is that of one workspace.

    `most_milli` was spent in one day or billing month. Of the leads that it deferred, each is
    counted once.
    """

    table: str | None
    unit: Unit
    span: Span
    limit_milli: int
    spent_milli: int = 0
    most_milli: int = 0
    n_deferred: int = 0

    @classmethod
    def begin(cls, line: BudgetLine) -> LineTally:
        """Give a line's month in which nothing has been spent."""
        return cls(line.table, line.unit, line.span, line.limit_milli)

    def add_period(self, spent_milli: int) -> None:
        """Add what was spent in a day or a billing month."""
        self.spent_milli += spent_milli
        self.most_milli = max(self.most_milli, spent_milli)

    def merge(self, other: LineTally) -> None:
        """Add the same line of another workspace."""
        self.spent_milli += other.spent_milli
        self.most_milli = max(self.most_milli, other.most_milli)
        self.n_deferred += other.n_deferred


@dataclass(slots=True)
class Work:
    """How often the grant's arithmetic was asked, and what else there was to do."""

    n_asked: int = 0
    n_waits: int = 0
    n_rate_limited: int = 0
    n_not_connected: int = 0
    n_times_given_up: int = 0
    n_leapt: int = 0


@dataclass(slots=True)
class SimulatedMonth:
    """A month in leads: `sent[table][hour]`, and at the hour's end `owed[table][hour]`.

    `deferred[line][hour]` are not among the owed: they wait at its end for that budget line.
    """

    scenarios: tuple[Scenario, ...]
    tables: dict[str, TableTally]
    sent: dict[str, list[int]]
    owed: dict[str, list[int]]
    lines: dict[str, LineTally]
    deferred: dict[str, list[int]]
    work: Work = field(default_factory=Work)

    @property
    def total(self) -> TableTally:
        """All tables together."""
        total = TableTally()
        for table in self.tables.values():
            total.merge(table)
        return total

    @property
    def busiest_hour(self) -> tuple[int, int]:
        """The hour in which most leads were sent, and how many."""
        return _find_peak(self.sent.values())

    @property
    def most_owed(self) -> tuple[int, int]:
        """The hour at whose end most leads were owed, and how many."""
        return _find_peak(self.owed.values())

    @property
    def most_deferred(self) -> tuple[int, int]:
        """The hour at whose end most leads waited for a budget, and how many."""
        return _find_peak(self.deferred.values())

    def merge(self, other: SimulatedMonth) -> None:
        """Add another workspace's month."""
        self.scenarios += other.scenarios
        for name, tally in other.tables.items():
            self.tables[name].merge(tally)
        for key, line in other.lines.items():
            self.lines[key].merge(line)
        for mine, its in (
            (self.sent, other.sent),
            (self.owed, other.owed),
            (self.deferred, other.deferred),
        ):
            for name, counts in its.items():
                mine[name] = [a + b for a, b in zip(mine[name], counts, strict=True)]
        for one in fields(Work):
            added = getattr(self.work, one.name) + getattr(other.work, one.name)
            setattr(self.work, one.name, added)


def begin_month(scenario: Scenario) -> SimulatedMonth:
    """Give a month in which nothing has happened yet."""
    n_hours = round(scenario.length_s) // HOUR_S
    names = [table.name for table in scenario.tables]
    lines = {line.key: LineTally.begin(line) for line in scenario.list_lines()}
    return SimulatedMonth(
        scenarios=(scenario,),
        tables={name: TableTally() for name in names},
        sent={name: [0] * n_hours for name in names},
        owed={name: [0] * n_hours for name in names},
        lines=lines,
        deferred={key: [0] * n_hours for key in lines},
    )


def _find_peak(counts: Iterable[Sequence[int]]) -> tuple[int, int]:
    hours = [sum(of_hour) for of_hour in zip(*counts, strict=True)]
    hour = max(range(len(hours)), key=hours.__getitem__, default=0)
    return hour, hours[hour] if hours else 0
