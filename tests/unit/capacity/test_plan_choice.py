"""Which plan is enough, and how its price is counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from clayload.capacity.credits import Spend
from clayload.capacity.pricing import Need, PlanFit, choose_plan, describe_lacks, judge_plan
from clayload.tables.catalogue import Level, read_catalogue
from clayload.tables.workspace import ClayPlan

CATALOGUE = read_catalogue(Path(__file__).parents[3] / "config" / "clay.yaml")


def choose(n_credits: int, n_actions: int, *, auto_delete: bool = False) -> PlanFit:
    return choose_plan(CATALOGUE, Need(Spend(n_credits, n_actions), auto_delete), Level.LIKELY)


def judge(plan: ClayPlan, n_credits: int, n_actions: int = 0) -> PlanFit:
    return judge_plan(CATALOGUE, plan, Need(Spend(n_credits, n_actions)), Level.LIKELY)


@pytest.mark.parametrize(
    ("n_credits", "n_actions", "plan"),
    [
        (1, 1, ClayPlan.GROWTH),  # free and launch would be enough, if they had webhooks
        (100_000, 40_000, ClayPlan.GROWTH),
        (200_000, 40_000, ClayPlan.GROWTH),  # half of it as top-ups
        (200_001, 40_000, ClayPlan.ENTERPRISE),
        (6_000, 200_000, ClayPlan.GROWTH),
        (6_000, 200_001, ClayPlan.ENTERPRISE),
        (10_000_000, 10_000_000, ClayPlan.ENTERPRISE),
    ],
)
def test_the_plan_is_enough_for_credits_and_actions_and_has_webhooks(
    n_credits: int, n_actions: int, plan: ClayPlan
) -> None:
    fit = choose(n_credits, n_actions)
    assert (fit.plan, fit.lacks) == (plan, ())


def test_auto_delete_is_had_on_enterprise_only() -> None:
    assert choose(1, 1, auto_delete=True).plan is ClayPlan.ENTERPRISE


def test_a_plan_within_what_it_begins_with_costs_its_own_price() -> None:
    price = choose(6_000, 40_000).price
    assert (price.total, price.is_agreed) == (495, False)


def test_a_larger_tier_costs_unit_prices_and_a_top_up_its_premium() -> None:
    price = choose(150_000, 50_000).price
    assert price.for_credits == pytest.approx(94_000 * 0.04)
    assert (price.n_top_up_credits, price.for_top_ups) == (50_000, pytest.approx(50_000 * 0.052))
    assert price.for_actions == pytest.approx(10_000 * 0.006)


def test_enterprise_is_counted_for_no_less_than_it_holds() -> None:
    price = choose(10, 10, auto_delete=True).price
    assert (price.total, price.is_agreed) == (pytest.approx(100_000 * 0.046), True)


def test_launch_and_starter_have_no_webhooks_whatever_else_they_have() -> None:
    for plan in (ClayPlan.FREE, ClayPlan.LAUNCH, ClayPlan.STARTER):
        assert judge(plan, 1).lacks == ("it has no webhooks",)


def test_what_several_plans_lack_is_said_once() -> None:
    fits = [judge(plan, 300_000) for plan in (ClayPlan.FREE, ClayPlan.LAUNCH, ClayPlan.GROWTH)]
    assert describe_lacks(fits) == (
        "free, launch: it has no webhooks; growth: it holds 200,000 data credits at most "
        "(100,000 and top-ups), not 300,000"
    )


def test_a_legacy_plan_counts_no_actions() -> None:
    fit = judge(ClayPlan.PRO, 50_000, 10_000_000)
    assert (fit.lacks, fit.price.total) == ((), 800)


def test_a_legacy_plan_is_never_chosen_for_it_is_closed() -> None:
    assert {choose(n, n).plan for n in (1, 5_000, 50_000, 500_000)} == {
        ClayPlan.GROWTH, ClayPlan.ENTERPRISE,
    }  # fmt: skip


def test_where_no_plan_is_enough_the_greatest_says_what_it_lacks() -> None:
    document = CATALOGUE.model_dump(mode="json")
    document["plans"]["enterprise"]["actions_per_month"]["most"] = 300_000
    catalogue = type(CATALOGUE).model_validate(document)
    fit = choose_plan(catalogue, Need(Spend(0, 300_001)), Level.HIGH)
    assert (fit.plan, fit.lacks) == (
        ClayPlan.ENTERPRISE, ("it holds 300,000 Actions at most, not 300,001",),
    )  # fmt: skip
