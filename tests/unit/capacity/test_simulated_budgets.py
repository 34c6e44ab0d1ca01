"""Does a simulated month keep to its budgets, and lose no lead that it defers?"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.examples import dear
from support.scenes.month_scene import AT_A_TIME, arrivals, one_day, rates, unlike

from clayload.capacity.simulation.scenario import (
    BEGINS_AT,
    DAY_S,
    HOUR_S,
    Scenario,
    ScenarioAsk,
    write_scenarios,
)
from clayload.capacity.simulation.simulate import simulate_month
from clayload.capacity.simulation.tally import SimulatedMonth
from clayload.delivery.budget import Charge, Period, Span, find_periods
from clayload.delivery.pace import Rate
from clayload.model import Priority
from clayload.tables.budgets import Budget, Budgets, WorkspaceBudget
from clayload.tables.costs import LeadCost
from clayload.tables.read import read_tables

CONFIG = read_tables(Path(__file__).parents[3] / "config" / "tables.yaml")
N_DAYS = 3
COSTS = {
    Priority.HIGH: Charge(1_500, 500),
    Priority.NORMAL: Charge(6_000, 2_000),
    Priority.LOW: Charge(0, 1_000),
}
NORMAL_DAY = "tables.normal-leads.budget.credits_per_day"
NORMAL_MONTH = "tables.normal-leads.budget.credits_per_billing_month"

amounts = st.none() | st.sampled_from([0.0, 5.9, 240.0, 1_000.5, 9_000.0, 40_000.0])
limits = {
    f"{unit}_per_{span}": amounts
    for unit in ("credits", "actions")
    for span in ("billing_month", "day")
}
budgets = st.builds(
    Budgets,
    workspace=st.builds(WorkspaceBudget, renews_on_day=st.sampled_from([1, 2, 3]), **limits),
    tables=st.dictionaries(
        st.sampled_from([f"{priority}-leads" for priority in Priority]),
        st.builds(Budget, **limits),
    ),
)


def keep_to(budgets: Budgets, scenario: Scenario) -> Scenario:
    """Let three days pass, and each lead cost what its table's do."""
    tables = tuple(replace(table, each=COSTS[table.priority]) for table in scenario.tables)
    return replace(scenario, tables=tables, length_s=float(N_DAYS * DAY_S), budgets=budgets)


def limit_normal(**limits: float) -> Budgets:
    return Budgets(tables={"normal-leads": Budget(**limits)})


def sent_each_day(month: SimulatedMonth, table: str) -> list[int]:
    hours = month.sent[table]
    return [sum(hours[day * 24 : day * 24 + 24]) for day in range(N_DAYS)]


def spend_of(month: SimulatedMonth) -> dict[tuple[str, Period], int]:
    """Add up, from the leads sent each hour alone, what each line had to pay in each period."""
    (scenario,) = month.scenarios
    spent: dict[tuple[str, Period], int] = defaultdict(int)
    for table in scenario.tables:
        for day, n in enumerate(sent_each_day(month, table.name)):
            periods = find_periods(BEGINS_AT + day * DAY_S, scenario.budgets)
            for line in scenario.list_lines():
                if line.table in (None, table.name):
                    spent[line.key, periods[line.span]] += n * table.each.of(line.unit)
    return spent


@dear(16)
@given(rates, arrivals, budgets)
def test_no_line_is_passed_in_any_period_and_every_lead_has_one_end(
    rate: Rate, come: list[tuple[float, Priority, int]], budgets: Budgets
) -> None:
    month = simulate_month([keep_to(budgets, one_day(*come, rate=rate))])
    assert month.total.n_leads == sum(n for _, _, n in come)
    for name, table in month.tables.items():
        assert table.n_leads == table.n_charged + table.n_deferred + table.n_owed
        assert sum(month.sent[name]) == table.n_charged
        assert month.owed[name][-1] == table.n_owed
    assert sum(hours[-1] for hours in month.deferred.values()) == month.total.n_deferred
    spent = spend_of(month)
    for key, line in month.lines.items():
        of_line = [amount for (one, _), amount in spent.items() if one == key]
        assert max(of_line) == line.most_milli <= line.limit_milli
        assert sum(of_line) == line.spent_milli
    # Each lead is counted once, under the line that was the first to defer it.
    n_deferred = sum(line.n_deferred for line in month.lines.values())
    assert month.most_deferred[1] <= n_deferred <= month.total.n_leads


@dear(10)
@given(rates, arrivals, st.integers(0, 2_500), st.integers(0, 9_000))
def test_leaping_over_rounds_changes_nothing_of_what_is_deferred(
    rate: Rate, come: list[tuple[float, Priority, int]], n_a_day: int, n_a_cycle: int
) -> None:
    limited = limit_normal(credits_per_day=6.0 * n_a_day, actions_per_billing_month=2.0 * n_a_cycle)
    scenario = keep_to(limited, one_day(*come, rate=rate))
    leapt, step_by_step = simulate_month([scenario]), simulate_month([scenario], lambda _at: None)
    assert unlike(leapt, step_by_step) == {}
    assert leapt.lines == step_by_step.lines


@dear(6)
@given(rates, arrivals, st.integers(0, 6_000))
def test_leaping_over_rounds_spends_a_shared_budget_to_the_same_lead(
    rate: Rate, come: list[tuple[float, Priority, int]], n_a_day: int
) -> None:
    """Which table's lead is the last that fits, a microsecond decides."""
    shared = Budgets(workspace=WorkspaceBudget(actions_per_day=float(n_a_day)))
    scenario = keep_to(shared, one_day(*come, rate=rate))
    each = Charge(actions_milli=1_000)
    scenario = replace(scenario, tables=tuple(replace(t, each=each) for t in scenario.tables))
    leapt, step_by_step = simulate_month([scenario]), simulate_month([scenario], lambda _at: None)
    assert leapt.total.n_charged == step_by_step.total.n_charged
    for name, table in leapt.tables.items():
        assert abs(table.n_charged - step_by_step.tables[name].n_charged) <= AT_A_TIME * N_DAYS


def test_a_daily_budget_spreads_a_load_over_days_and_each_lead_is_deferred_once() -> None:
    come = one_day((0.0, Priority.NORMAL, 1_000))
    month = simulate_month([keep_to(limit_normal(credits_per_day=605.9), come)])
    assert sent_each_day(month, "normal-leads") == [100, 100, 100]
    line = month.lines[NORMAL_DAY]
    assert (line.n_deferred, line.spent_milli, line.most_milli) == (900, 1_800_000, 600_000)
    assert (month.total.n_deferred, month.total.n_owed) == (700, 0)
    assert [month.deferred[NORMAL_DAY][hour] for hour in (0, 23, 24, 71)] == [900, 900, 800, 700]
    assert month.most_deferred == (0, 900)


def test_what_is_deferred_is_sent_before_what_comes_later() -> None:
    come = one_day((0.0, Priority.NORMAL, 150), (34.0 * HOUR_S, Priority.NORMAL, 150))
    month = simulate_month([keep_to(limit_normal(credits_per_day=600.0), come)])
    assert sent_each_day(month, "normal-leads") == [100, 100, 100]
    assert month.total.n_deferred == 0
    assert month.lines[NORMAL_DAY].n_deferred == 50 + 100
    # From the first midnight to the second: what came after them waited for 14 hours.
    assert month.total.longest_wait_s == pytest.approx(DAY_S, abs=10)


def test_a_billing_month_renews_on_its_day() -> None:
    come = one_day((0.0, Priority.NORMAL, 1_000))
    limited = limit_normal(credits_per_billing_month=600.0)
    limited = limited.model_copy(update={"workspace": WorkspaceBudget(renews_on_day=3)})
    month = simulate_month([keep_to(limited, come)])
    assert sent_each_day(month, "normal-leads") == [100, 0, 100]
    assert month.lines[NORMAL_MONTH].most_milli == 600_000


def test_a_lead_that_costs_more_than_the_whole_limit_waits_to_the_end_and_others_do_not() -> None:
    come = one_day((0.0, Priority.NORMAL, 50), (0.0, Priority.HIGH, 50))
    month = simulate_month([keep_to(limit_normal(credits_per_day=5.9), come)])
    assert month.tables["normal-leads"].n_deferred == 50
    assert month.tables["high-leads"].n_delivered == 50
    assert month.total.longest_wait_s == N_DAYS * DAY_S


def test_each_workspace_has_the_budgets_and_what_they_spend_is_added_up() -> None:
    ask = ScenarioAsk(8_000, n_workspaces=2, n_events=0, credits_per_billing_month=600.0)
    costs = {name: LeadCost(6.0, 2.0) for name in CONFIG.tables}
    month = simulate_month(write_scenarios(ask, CONFIG, AT_A_TIME, costs))
    line = month.lines["workspace.budget.credits_per_billing_month"]
    assert (line.limit_milli, line.most_milli, line.spent_milli) == (600_000, 600_000, 1_200_000)
    assert (month.total.n_charged, month.total.n_deferred) == (200, 7_800)


def test_budgets_of_the_configuration_hold_unless_others_are_told_or_they_are_left_aside() -> None:
    budget = WorkspaceBudget(credits_per_billing_month=500.0, actions_per_day=90.0)
    workspace = CONFIG.workspace.model_copy(update={"budget": budget, "time_zone": "Asia/Tokyo"})
    config = CONFIG.model_copy(update={"workspace": workspace})

    def limits_of(ask: ScenarioAsk) -> dict[tuple[str, Span], int]:
        (scenario,) = write_scenarios(ask, config, AT_A_TIME)
        assert scenario.budgets.time_zone == "UTC"
        return {(line.unit, line.span): line.limit_milli for line in scenario.list_lines()}

    actions = {("actions", Span.DAY): 90_000}
    assert limits_of(ScenarioAsk()) == {("credits", Span.BILLING_MONTH): 500_000} | actions
    told = ScenarioAsk(credits_per_billing_month=7.0)
    assert limits_of(told) == {("credits", Span.BILLING_MONTH): 7_000} | actions
    told = ScenarioAsk(credits_per_day=8.0, no_budgets=True)
    assert limits_of(told) == {("credits", Span.DAY): 8_000}
