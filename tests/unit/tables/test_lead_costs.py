"""What a lead costs: steps, shares of rows, own keys, and what a table says itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clayload.tables.catalogue import Catalogue, Level, read_catalogue
from clayload.tables.costs import LeadCost, cost_of_lead, find_unknown_steps
from clayload.tables.table import Slot, Table
from clayload.tables.workspace import ClayPlan, Workspace

CATALOGUE = read_catalogue(Path(__file__).parents[3] / "config" / "clay.yaml")
WORKSPACE = Workspace(name="main", plan=ClayPlan.GROWTH)
OWN_KEYS = Workspace(name="main", plan=ClayPlan.GROWTH, own_api_keys=True)

amounts = st.floats(0, 1_000)
estimates = st.lists(amounts, min_size=3, max_size=3).map(sorted)
parts = st.lists(st.floats(0, 1), min_size=3, max_size=3).map(sorted)


def table(*steps: str, credits_: float | None = None, actions: float | None = None) -> Table:
    return Table(
        filter="TRUE",
        enrichment=steps,
        credits_per_lead=credits_,
        actions_per_lead=actions,
        volume_per_month=1_000,
        fields=("email",),
        slots=(Slot(name="one", url="env:ONE"),),
    )


def likely(*steps: str, workspace: Workspace = WORKSPACE) -> LeadCost:
    return cost_of_lead(table(*steps), workspace, CATALOGUE).likely


def test_a_step_costs_its_credits_where_it_is_charged_and_an_action_wherever_it_runs() -> None:
    # 4 credits on 80 % of the rows; an Action on each.
    assert likely("company-lookup") == LeadCost(pytest.approx(3.2), 1)
    cost = cost_of_lead(table("company-lookup"), WORKSPACE, CATALOGUE)
    assert (cost.low, cost.high) == (LeadCost(pytest.approx(0.6), 1), LeadCost(8, 1))


def test_a_callback_costs_an_action_and_no_credit() -> None:
    assert likely("callback") == LeadCost(0, 1)
    assert likely("company-lookup", "callback").actions == 2


def test_a_formula_costs_nothing() -> None:
    assert likely("formula", "lookup") == LeadCost(0, 0)


def test_own_keys_take_no_credits_and_the_same_actions() -> None:
    steps = ("full-waterfall", "claygent", "callback")
    assert likely(*steps).credits > 0
    assert likely(*steps, workspace=OWN_KEYS) == LeadCost(0, likely(*steps).actions)


def test_what_a_table_says_itself_holds_whoevers_keys_are_used() -> None:
    told = table("full-waterfall", credits_=3.5, actions=2)
    for workspace in (WORKSPACE, OWN_KEYS):
        cost = cost_of_lead(told, workspace, CATALOGUE)
        assert cost.low == cost.likely == cost.high == LeadCost(3.5, 2)
    only_credits = cost_of_lead(table("claygent", credits_=0), WORKSPACE, CATALOGUE)
    assert only_credits.high == LeadCost(0, 1)


def test_a_step_that_nobody_knows_is_counted_and_told_with_the_nearest() -> None:
    assert likely("claygnt") == LeadCost(2, 1)
    tables = {"tech": table("full-waterfall", "claygnt")}
    (flaw,) = find_unknown_steps(tables, CATALOGUE)
    assert (flaw.at, flaw.nearest) == (("tables", "tech", "enrichment", 1), "claygent")


@given(estimates, estimates, parts, parts)
def test_low_is_never_more_than_likely_nor_that_than_high(
    credits_: list[float], actions: list[float], runs: list[float], charged: list[float]
) -> None:
    def estimate(values: list[float]) -> dict[str, object]:
        return dict(zip(Level, values, strict=True)) | {"source": "a guess"}

    step = {
        "credits": estimate(credits_),
        "actions": estimate(actions),
        "runs_on": estimate(runs),
        "charged_on": estimate(charged),
    }
    document = CATALOGUE.model_dump(mode="json") | {"steps": {"any": step}}
    cost = cost_of_lead(table("any"), WORKSPACE, Catalogue.model_validate(document))
    levels = [cost.at(level) for level in Level]
    assert levels == sorted(levels, key=lambda one: one.credits)
    assert levels == sorted(levels, key=lambda one: one.actions)
