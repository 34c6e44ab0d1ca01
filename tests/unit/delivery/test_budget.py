"""Does a budget let through exactly what fits, and say when there is more?"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.scenes.fakes import workspace_at

from clayload.delivery.budget import (
    MILLI,
    Bill,
    BudgetLine,
    Charge,
    OverBudget,
    Period,
    Span,
    Unit,
    charge_of,
    count_affordable,
    describe_milli,
    find_periods,
    list_lines,
)
from clayload.delivery.grant import Exhausted, Reservation, SlotSnapshot, TableSnapshot, reserve
from clayload.delivery.limits import stop_of
from clayload.errors import BudgetExhaustedError, Code
from clayload.model import Priority
from clayload.tables.budgets import Budget, Budgets, WorkspaceBudget
from clayload.tables.costs import LeadCost

PERIODS = {
    Span.DAY: Period("2026-11-26", "2026-11-27", 2_000.0),
    Span.BILLING_MONTH: Period("2026-11-01", "2026-12-01", 9_000.0),
}

amounts = st.integers(0, 50_000)
lines = st.builds(
    lambda table, unit, span, limit, spent: BudgetLine(
        table, unit, span, limit, spent, PERIODS[span]
    ),
    st.sampled_from([None, "tech"]),
    st.sampled_from(Unit),
    st.sampled_from(Span),
    amounts,
    amounts,
)
costs = st.builds(Charge, st.integers(0, 9_000), st.integers(0, 9_000))


def _line(limit: float, spent: float = 0, span: Span = Span.DAY) -> BudgetLine:
    spent_milli, limit_milli = round(spent * MILLI), round(limit * MILLI)
    return BudgetLine("tech", Unit.CREDITS, span, limit_milli, spent_milli, PERIODS[span])


def _charged(line: BudgetLine, cost: Charge) -> BudgetLine:
    return replace(line, spent_milli=line.spent_milli + cost.of(line.unit))


@given(st.lists(lines, max_size=6), costs, st.integers(1, 25), st.integers(1, 400))
def test_granting_until_it_stops_fills_the_tightest_line_and_passes_none(
    budget: list[BudgetLine], each: Charge, n_at_once: int, n_leads: int
) -> None:
    current, n_granted = list(budget), 0
    while n_granted < n_leads:
        n = count_affordable(Bill(each, "2026-11-26", current), min(n_at_once, n_leads - n_granted))
        if isinstance(n, OverBudget):
            break
        assert 1 <= n <= n_at_once
        n_granted += n
        current = [_charged(line, each.times(n)) for line in current]
    room = [line.left_milli // cost for line in budget if (cost := each.of(line.unit))]
    assert n_granted == min([n_leads, *room])
    for before, after in zip(budget, current, strict=True):
        assert after.spent_milli <= max(after.limit_milli, before.spent_milli)


@given(st.lists(lines, min_size=1, max_size=6), costs)
def test_what_stops_is_a_line_without_room_for_one_lead_and_the_last_to_renew(
    budget: list[BudgetLine], each: Charge
) -> None:
    answer = count_affordable(Bill(each, "2026-11-26", budget), 5)
    full = [line for line in budget if each.of(line.unit) > line.left_milli]
    assert isinstance(answer, OverBudget) == bool(full)
    if isinstance(answer, OverBudget):
        assert answer.line in full
        is_hopeless = any(each.of(line.unit) > line.limit_milli for line in full)
        latest = max((line.period for line in full), key=lambda period: period.ends_at)
        assert answer.until == (None if is_hopeless else latest)


def test_three_leads_of_a_tenth_fit_three_tenths() -> None:
    each = charge_of(LeadCost(0.1, 0))
    assert count_affordable(Bill(each, "2026-11-26", [_line(0.3)]), 10) == 3
    spent = _line(0.3, 0.1 + 0.1 + 0.1)
    assert isinstance(count_affordable(Bill(each, "2026-11-26", [spent]), 1), OverBudget)


@given(st.floats(0, 1_000), st.floats(0, 1_000))
def test_a_cost_is_never_counted_for_less_than_it_is(n_credits: float, n_actions: float) -> None:
    spend = charge_of(LeadCost(n_credits, n_actions))
    for counted, cost in ((spend.credits_milli, n_credits), (spend.actions_milli, n_actions)):
        assert -1e-6 <= counted - cost * MILLI < 1 + 1e-6


def test_a_lead_that_costs_nothing_passes_even_a_budget_of_nothing() -> None:
    assert count_affordable(Bill(Charge(), None, [_line(0)]), 7) == 7
    assert count_affordable(Bill(Charge(0, 900), None, [_line(0)]), 7) == 7


def test_a_used_up_budget_says_its_key_its_figures_and_its_renewal() -> None:
    over = count_affordable(Bill(Charge(6_000), "2026-11-26", [_line(1_250, 1_248.5)]), 10)
    assert isinstance(over, OverBudget)
    error = stop_of(over)
    assert isinstance(error, BudgetExhaustedError)
    assert error.code is Code.BUDGET_EXHAUSTED
    assert error.message == (
        "the budget tables.tech.budget.credits_per_day is used up (1,248.5 of 1,250 credits are "
        "spent, and a lead takes 6); it renews on 2026-11-27"
    )
    assert error.hint == (
        "wait for 2026-11-27, or raise tables.tech.budget.credits_per_day in tables.yaml, and run "
        "the same load again: it sends the rest"
    )
    assert error.facts == {"key": "tables.tech.budget.credits_per_day", "until": 2_000.0}


def test_where_a_lead_costs_more_than_the_whole_budget_no_renewal_is_promised() -> None:
    over = count_affordable(Bill(Charge(6_000), "2026-11-26", [_line(5)]), 10)
    assert isinstance(over, OverBudget)
    error = stop_of(over)
    assert error.hint.startswith("no renewal helps: raise tables.tech.budget.credits_per_day")
    assert "renews" not in error.message


def test_a_reservation_takes_no_more_leads_than_the_budget_has_room_for() -> None:
    table = TableSnapshot(0, 50_000, [SlotSnapshot("a", 0, 45_000)])
    bill = Bill(Charge(6_000), "2026-11-26", [_line(20)])
    answer = reserve(workspace_at(1_790_000_000.0), table, Priority.NORMAL, 10, bill)
    assert isinstance(answer, Reservation)
    assert (len(answer.delays_s), answer.bill) == (3, bill)


def test_a_full_table_is_told_before_a_used_up_budget() -> None:
    table = TableSnapshot(9, 9, [SlotSnapshot("a", 0, 45_000)])
    bill = Bill(Charge(6_000), "2026-11-26", [_line(0)])
    answer = reserve(workspace_at(1_790_000_000.0), table, Priority.NORMAL, 10, bill)
    assert isinstance(answer, Exhausted)


def test_lines_are_the_limits_that_are_set_of_the_workspace_and_then_of_the_table() -> None:
    budgets = Budgets(
        workspace=WorkspaceBudget(credits_per_billing_month=600.0005, actions_per_day=0),
        tables={"tech": Budget(credits_per_day=40), "other": Budget(credits_per_day=1)},
    )
    spent: defaultdict[tuple[str | None, Span], Charge] = defaultdict(Charge)
    spent["tech", Span.DAY] = Charge(7, 8)
    found = list_lines(budgets, "tech", find_periods(1_793_500_000.0, budgets), spent)
    assert [(line.key, line.limit_milli, line.spent_milli) for line in found] == [
        ("workspace.budget.credits_per_billing_month", 600_000, 0),
        ("workspace.budget.actions_per_day", 0, 0),
        ("tables.tech.budget.credits_per_day", 40_000, 7),
    ]


zones = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Apia", "Asia/Beirut"]
)


@given(
    st.datetimes(datetime(2024, 1, 1), datetime(2032, 1, 1)),  # noqa: DTZ001 - UTC is set below
    zones,
    st.integers(1, 31),
)
def test_every_moment_lies_in_one_day_and_one_billing_month(
    moment: datetime, zone: str, day: int
) -> None:
    now = moment.replace(tzinfo=UTC).timestamp()
    budgets = Budgets(time_zone=zone, workspace=WorkspaceBudget(renews_on_day=day))
    periods = find_periods(now, budgets)
    today, cycle = periods[Span.DAY], periods[Span.BILLING_MONTH]
    assert today.first_day == datetime.fromtimestamp(now, ZoneInfo(zone)).date().isoformat()
    assert cycle.first_day <= today.first_day < cycle.ends_on
    assert now < today.ends_at <= cycle.ends_at
    after = find_periods(cycle.ends_at, budgets)
    assert {after[span].first_day for span in Span} == {cycle.ends_on}
    assert find_periods(cycle.ends_at - 1, budgets)[Span.BILLING_MONTH] == cycle
    n_days = date.fromisoformat(cycle.ends_on) - date.fromisoformat(cycle.first_day)
    assert 28 <= n_days.days <= 31


@pytest.mark.parametrize(
    ("moment", "day", "first_day", "ends_on"),
    [
        (datetime(2026, 11, 26, 12, tzinfo=UTC), 1, "2026-11-01", "2026-12-01"),
        (datetime(2026, 11, 26, 12, tzinfo=UTC), 26, "2026-11-26", "2026-12-26"),
        (datetime(2026, 11, 26, 12, tzinfo=UTC), 27, "2026-10-27", "2026-11-27"),
        (datetime(2026, 12, 31, 12, tzinfo=UTC), 15, "2026-12-15", "2027-01-15"),
        (datetime(2027, 2, 28, 12, tzinfo=UTC), 31, "2027-02-28", "2027-03-31"),
        # In Berlin it is December already.
        (datetime(2026, 11, 30, 23, 30, tzinfo=UTC), 1, "2026-12-01", "2027-01-01"),
    ],
)
def test_a_billing_month_begins_on_its_day_where_the_workspaces_people_live(
    moment: datetime, day: int, first_day: str, ends_on: str
) -> None:
    budgets = Budgets(time_zone="Europe/Berlin", workspace=WorkspaceBudget(renews_on_day=day))
    cycle = find_periods(moment.timestamp(), budgets)[Span.BILLING_MONTH]
    assert (cycle.first_day, cycle.ends_on) == (first_day, ends_on)


def test_thousandths_are_said_as_people_do() -> None:
    said = [describe_milli(amount) for amount in (0, 5, 500, 6_000, 1_250_250)]
    assert said == ["0", "0.005", "0.5", "6", "1,250.25"]
