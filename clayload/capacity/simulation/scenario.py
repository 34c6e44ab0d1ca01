"""Which month is simulated: which leads come when, at which rate, and what goes wrong?

In:    what was asked, the configuration, the settings' chunks.
Out:   a scenario for each workspace, the same for the same seed.
Never: an assumption that is not said: `clayload.report.simulated_month` lists them all.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from clayload.capacity.placement import sending_time_s
from clayload.capacity.simulation.incidents import Failures, Incident, draw_incidents
from clayload.delivery.budget import (
    NOTHING,
    BudgetLine,
    Charge,
    charge_of,
    find_periods,
    list_lines,
)
from clayload.delivery.grant import TableSnapshot
from clayload.delivery.pace import Rate
from clayload.ledger.rules.snapshot import unused_table
from clayload.model import Priority
from clayload.tables.budgets import Budgets
from clayload.tables.costs import LeadCost
from clayload.tables.table import SAFE_LIMIT
from clayload.tables.tables_file import TablesConfig

HOUR_S = 3_600
DAY_S = 24 * HOUR_S
LOAD_AT_S = 6.0 * HOUR_S
"""When the monthly load begins, on the first day."""
BEGINS_AT = datetime(2026, 11, 1, tzinfo=UTC).timestamp()
"""A simulated month begins on the 1st of a month of 30 days, at midnight."""

_EVENT_AT_S = 18.0 * HOUR_S
_BUSY_HOURS = range(8, 20)
_QUIET_PART = 0.5
_UNEVEN = (0.5, 1.5)


@dataclass(frozen=True, slots=True)
class ScenarioAsk:
    """What somebody wants to see; what is None is taken from the configuration.

    `at_once`: all leads come at the first moment, as one load, and the month ends with the last.
    `no_budgets`: those of the configuration are left aside, what is asked here is not.
    """

    n_leads: int | None = None
    n_workspaces: int = 1
    n_days: int = 30
    rate_per_s: float | None = None
    burst: int | None = None
    n_events: int = 2
    failures: Failures = Failures.SOME
    seed: int = 0
    at_once: bool = False
    credits_per_billing_month: float | None = None
    credits_per_day: float | None = None
    no_budgets: bool = False


@dataclass(frozen=True, slots=True)
class Arrival:
    """`n` leads of a table become owed, `at_s` seconds after the month began."""

    at_s: float
    table: str
    n: int


@dataclass(frozen=True, slots=True)
class ScenarioTable:
    """A table as it begins; a pair that is made for it later takes `safe_limit` leads.

    A lead of it is counted with `each` against the budgets.
    """

    name: str
    priority: Priority
    begins_as: TableSnapshot
    safe_limit: int
    each: Charge = NOTHING


@dataclass(frozen=True, slots=True)
class Scenario:
    """A month in one workspace. `ask_size` leads are asked for at a time, as by all chunks."""

    rate: Rate
    weights: Mapping[Priority, int]
    ask_size: int
    length_s: float
    tables: tuple[ScenarioTable, ...]
    arrivals: tuple[Arrival, ...]
    incidents: tuple[Incident, ...] = ()
    budgets: Budgets = field(default_factory=Budgets)

    def list_lines(self) -> list[BudgetLine]:
        """List the budget lines before anything is spent, those of the workspace first."""
        periods = find_periods(BEGINS_AT, self.budgets)
        lines = (
            line
            for table in self.tables
            for line in list_lines(self.budgets, table.name, periods, defaultdict(Charge))
        )
        return list({line.key: line for line in lines}.values())


def write_scenarios(
    ask: ScenarioAsk,
    config: TablesConfig,
    leads_at_a_time: int,
    costs: Mapping[str, LeadCost] | None = None,
) -> tuple[Scenario, ...]:
    """Write the scenario of each workspace; they share the leads evenly, and each has the budgets.

    A lead of a table without a cost is free.
    """
    rate = _choose_rate(ask, config)
    blank = Scenario(
        rate=rate,
        weights=config.workspace.priority_weights.by_priority(),
        ask_size=leads_at_a_time,
        length_s=float(ask.n_days * DAY_S),
        tables=tuple(_list_tables(config, costs or {})),
        arrivals=(),
        budgets=_choose_budgets(ask, config),
    )
    shares = {name: _split(n, [1.0] * ask.n_workspaces) for name, n in _volumes(ask, config)}
    return tuple(
        _fill(blank, ask, {name: share[number] for name, share in shares.items()}, number)
        for number in range(ask.n_workspaces)
    )


def _choose_rate(ask: ScenarioAsk, config: TablesConfig) -> Rate:
    """A raised rate comes with a burst raised alike, unless that is told too."""
    workspace = config.workspace
    per_s = ask.rate_per_s or workspace.rate_per_s
    burst = ask.burst or max(round(workspace.burst * per_s / workspace.rate_per_s), 1)
    return Rate(per_s, burst)


def _choose_budgets(ask: ScenarioAsk, config: TablesConfig) -> Budgets:
    """Take the configuration's budgets, by days of 24 hours; what is told comes before them."""
    budgets = Budgets() if ask.no_budgets else config.budgets
    asked = {
        "credits_per_billing_month": ask.credits_per_billing_month,
        "credits_per_day": ask.credits_per_day,
    }
    told = {key: limit for key, limit in asked.items() if limit is not None}
    workspace = budgets.workspace.model_copy(update=told)
    return budgets.model_copy(update={"time_zone": "UTC", "workspace": workspace})


def _list_tables(config: TablesConfig, costs: Mapping[str, LeadCost]) -> Iterator[ScenarioTable]:
    free = LeadCost(0.0, 0.0)
    for name, table in config.tables.items():
        yield ScenarioTable(
            name,
            table.priority,
            unused_table(table),
            min(SAFE_LIMIT, table.row_limit),
            charge_of(costs.get(name, free)),
        )


def _volumes(ask: ScenarioAsk, config: TablesConfig) -> Iterator[tuple[str, int]]:
    """Give each table's leads: its volume, or its part of the leads asked about."""
    volumes = [table.volume_per_month for table in config.tables.values()]
    n_leads = sum(volumes) if ask.n_leads is None else ask.n_leads
    yield from zip(config.tables, _split(n_leads, volumes), strict=True)


def _fill(
    blank: Scenario, ask: ScenarioAsk, n_of: Mapping[str, int], workspace_no: int
) -> Scenario:
    dice = random.Random(f"{ask.seed}/{workspace_no}")  # noqa: S311 - guards nothing
    arrivals = tuple(
        arrival
        for table in blank.tables
        for arrival in _list_arrivals(table, n_of[table.name], ask, dice)
        if arrival.n
    )
    begin_s = 0.0 if ask.at_once else LOAD_AT_S
    load_s = sending_time_s(blank.rate, sum(one.n for one in arrivals if one.at_s == begin_s))
    struck = (begin_s, min(begin_s + max(load_s, HOUR_S), blank.length_s))
    names = [name for name, n in n_of.items() if n]
    incidents = tuple(draw_incidents(ask.failures, struck, names, dice))
    return replace(blank, arrivals=arrivals, incidents=incidents)


def _list_arrivals(
    table: ScenarioTable, n: int, ask: ScenarioAsk, dice: random.Random
) -> Iterator[Arrival]:
    if ask.at_once:
        yield Arrival(0.0, table.name, n)
    elif table.priority is Priority.HIGH:
        n_hours = ask.n_days * 24
        busy = [_BUSY_HOURS.start <= hour % 24 < _BUSY_HOURS.stop for hour in range(n_hours)]
        weights = [(1.0 if one else _QUIET_PART) * dice.uniform(*_UNEVEN) for one in busy]
        for hour, n_of_hour in enumerate(_split(n, weights)):
            yield Arrival(float(hour * HOUR_S), table.name, n_of_hour)
    elif table.priority is Priority.LOW and ask.n_events:
        for number, n_of_event in enumerate(_split(n, [1.0] * ask.n_events), 1):
            day = number * ask.n_days // (ask.n_events + 1)
            yield Arrival(day * DAY_S + _EVENT_AT_S, table.name, n_of_event)
    else:
        yield Arrival(LOAD_AT_S, table.name, n)


def _split(n: int, weights: Sequence[float]) -> list[int]:
    """Split `n` by weights into whole parts that add up to it."""
    total, so_far, given = sum(weights), 0.0, 0
    parts = []
    for weight in weights:
        so_far += weight
        parts.append(round(n * so_far / total) - given)
        given += parts[-1]
    return parts
