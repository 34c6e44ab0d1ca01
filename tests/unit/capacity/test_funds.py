"""Leads are paid for as far as every fund reaches, to the thousandth, the first come first."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from clayload.capacity.funds import Demand, Fund, count_paid, draw
from clayload.delivery.budget import Unit
from clayload.tables.costs import LeadCost

milli = st.integers(0, 5_000).map(lambda n: n / 1_000)
costs = st.builds(LeadCost, milli, milli)
tables = st.sampled_from(["one", "two", "three"])
demand_lists = st.lists(
    st.builds(Demand, tables, st.integers(0, 400), costs), max_size=3, unique_by=lambda d: d.table
)
funds = st.lists(
    st.builds(
        Fund,
        st.just("some budget"),
        st.sampled_from(Unit),
        st.integers(0, 500_000).map(lambda n: n / 1_000),
        st.none() | tables,
    ),
    max_size=4,
)


def exact_draw(fund: Fund, demands: list[Demand]) -> Fraction:
    each = {
        one.table: one.each.credits if fund.unit is Unit.CREDITS else one.each.actions
        for one in demands
        if fund.table in (None, one.table)
    }
    return sum((Fraction(str(each.get(one.table, 0))) * one.n for one in demands), start=Fraction())


def paid(demands: list[Demand], n_of: dict[str, int]) -> list[Demand]:
    return [Demand(one.table, n_of[one.table], one.each) for one in demands]


@given(funds, demand_lists)
def test_no_fund_is_overdrawn_and_nobody_is_paid_who_did_not_ask(
    given_funds: list[Fund], demands: list[Demand]
) -> None:
    n_of = count_paid(given_funds, demands)
    assert all(0 <= n_of[one.table] <= one.n for one in demands)
    for fund in given_funds:
        assert exact_draw(fund, paid(demands, n_of)) <= Fraction(str(fund.left))


@given(funds, demand_lists)
def test_one_lead_more_of_whoever_was_cut_would_overdraw_a_fund(
    given_funds: list[Fund], demands: list[Demand]
) -> None:
    n_of = count_paid(given_funds, demands)
    for at, one in enumerate(demands):
        if n_of[one.table] < one.n:
            so_far = paid(demands[: at + 1], n_of)
            so_far[-1] = Demand(one.table, n_of[one.table] + 1, one.each)
            assert any(exact_draw(fund, so_far) > Fraction(str(fund.left)) for fund in given_funds)


@given(funds, demand_lists)
def test_what_is_drawn_is_what_the_leads_cost(
    given_funds: list[Fund], demands: list[Demand]
) -> None:
    for fund in given_funds:
        assert Fraction(str(draw(fund, demands))) == exact_draw(fund, demands)


def test_without_a_fund_everybody_is_paid() -> None:
    assert count_paid([], [Demand("one", 5, LeadCost(9, 9))]) == {"one": 5}


def test_tenths_do_not_drift() -> None:
    fund = Fund("balance in Clay", Unit.CREDITS, 0.3)
    assert count_paid([fund], [Demand("one", 9, LeadCost(0.1, 0))]) == {"one": 3}
