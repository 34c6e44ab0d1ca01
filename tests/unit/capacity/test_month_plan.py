"""What a month takes: the request's own example by hand, own keys, webhooks, tables, time."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clayload.capacity.credits import Spend
from clayload.capacity.month import MonthAsk, MonthPlan, plan_month
from clayload.capacity.rule_of_thumb import SimplePlan, compare, plan_simply
from clayload.tables.catalogue import Level, read_catalogue
from clayload.tables.read import read_tables
from clayload.tables.tables_file import TablesConfig
from clayload.tables.workspace import ClayPlan

CONFIG = Path(__file__).parents[3] / "config"
TABLES = read_tables(CONFIG / "tables.yaml")
CATALOGUE = read_catalogue(CONFIG / "clay.yaml")
EXAMPLE = MonthAsk(n_leads=50_000, credits_per_lead=6)


def plan(ask: MonthAsk, config: TablesConfig = TABLES) -> MonthPlan:
    return plan_month(ask, config, CATALOGUE)


def changed(**workspace: object) -> TablesConfig:
    """The committed tables, all without auto-delete, with another workspace."""
    document = TABLES.model_dump(mode="json")
    document["workspace"] |= workspace
    for table in document["tables"].values():
        table["auto_delete"] = False
    return TablesConfig.model_validate(document)


def test_the_examples_credits_and_actions_are_those_counted_by_hand() -> None:
    month = plan(EXAMPLE)
    # 50,000 x 6 credits; 50,000 x 2, 5 and 8 Actions.
    assert month.offer.spend.low == Spend(300_000, 100_000)
    assert month.offer.spend.likely == Spend(300_000, 250_000)
    assert month.offer.spend.high == Spend(300_000, 400_000)


def test_the_example_needs_enterprise_at_what_its_unit_prices_come_to() -> None:
    offer = plan(EXAMPLE).offer
    assert {fit.plan for fit in offer.fits.values()} == {ClayPlan.ENTERPRISE}
    # 300,000 x $0.02, 0.04, 0.05 for credits; 100,000, 250,000, 400,000 x $0.003, 0.006, 0.01.
    assert [offer.dollars(level) for level in Level] == pytest.approx([6_300, 13_500, 19_000])


def test_the_examples_webhooks_and_tables_are_those_counted_by_hand() -> None:
    (part,) = plan(EXAMPLE).parts
    assert part.n_pairs_a_month == 2  # 50,000 / 45,000
    assert part.n_pairs_a_year == 14  # 600,000 / 45,000
    assert part.n_tables == 5  # 50,000 / 10,000
    assert part.n_pairs_a_year_side_by_side == 15  # 5 tables, 120,000 / 45,000 each
    assert (part.n_rows_a_year, part.months_until_full) == (600_000, 1)


def test_the_examples_time_is_that_counted_by_hand() -> None:
    month = plan(EXAMPLE)
    # 18 of the burst go at once, two are kept back; the rest at 10 a second.
    assert month.sending_time_s() == pytest.approx(4_998.2)
    assert month.sending_time_s(times_rate=2) == pytest.approx(2_499.1)
    assert month.sending_time_s(more_workspaces=1) == pytest.approx(2_498.2)


def test_own_keys_save_the_examples_credits_but_no_action_and_so_no_plan() -> None:
    month = plan(EXAMPLE)
    assert month.on_own_keys.spend.likely == Spend(0, 250_000)
    assert month.on_own_keys.fits[Level.LIKELY].plan is ClayPlan.ENTERPRISE
    asked = plan(MonthAsk(n_leads=50_000, credits_per_lead=6, own_api_keys=True))
    assert asked.offer.spend == month.on_own_keys.spend
    assert asked.on_clays_keys.spend == month.offer.spend


def test_with_few_actions_own_keys_bring_the_example_down_to_growth() -> None:
    ask = MonthAsk(n_leads=50_000, credits_per_lead=6, actions_per_lead=1, own_api_keys=True)
    offer = plan(ask).offer
    assert offer.fits[Level.LIKELY].plan is ClayPlan.GROWTH
    # 10,000 Actions beyond the 40,000 that Growth begins with, at $0.006.
    assert offer.dollars(Level.LIKELY) == pytest.approx(495 + 60)


def test_the_simple_formula_gives_the_requests_figures() -> None:
    assert plan_simply(50_000) == SimplePlan(300_000, "enterprise", None, 12, 5)
    plans = [plan_simply(n, 1) for n in (2_000, 2_001, 10_001, 50_001)]
    assert [(one.plan, one.dollars) for one in plans] == [
        ("starter", 149), ("explorer", 349), ("pro", 800), ("enterprise", None),
    ]  # fmt: skip


def test_every_difference_has_its_reason_and_names_a_source() -> None:
    for ask in (EXAMPLE, MonthAsk(), MonthAsk(n_leads=100), MonthAsk(own_api_keys=True)):
        _, differences = compare(plan(ask))
        assert [one.what for one in differences] == [
            "data credits", "Actions", "plan, a month", "webhooks a year", "Clay tables",
            "time to send",
        ]  # fmt: skip
        reasons = [one.because for one in differences]
        sources = ("Clay's docs", "clay.yaml", "as given")
        assert all(any(source in reason for source in sources) for reason in reasons), reasons


def test_without_a_number_the_configured_volumes_and_steps_are_planned() -> None:
    month = plan(MonthAsk())
    parts = {part.name: part.spend.likely for part in month.parts}
    assert parts == {
        "inbound-leads": Spend(6_400, 4_000),  # 2,000 x (0.8 x 4 + 0), x 2 runs
        "event-attendees": Spend(8_200, 6_000),  # 1,000 x (0.8 x 9 + 1), x (5 + 1)
        "outbound-leads-tech": Spend(41_000, 30_000),  # 5,000 x (0.8 x 9 + 1), x (5 + 1)
        "outbound-leads-finance": Spend(21_600, 15_000),  # 3,000 x 0.8 x 9, x 5
    }
    assert month.offer.spend.likely == Spend(77_200, 55_000)


def test_auto_delete_wears_nothing_out_and_needs_enterprise() -> None:
    month = plan(MonthAsk())
    inbound = month.parts[0]
    assert (inbound.auto_delete, inbound.n_pairs_a_year, inbound.months_until_full) == (
        True, 1, None,
    )  # fmt: skip
    assert month.offer.fits[Level.LOW].plan is ClayPlan.ENTERPRISE
    without = plan(MonthAsk(), changed())
    assert without.offer.fits[Level.LOW].plan is ClayPlan.GROWTH


def test_the_workspaces_own_plan_is_told_what_it_lacks() -> None:
    assert plan(EXAMPLE).own.is_enough
    growth = plan(EXAMPLE, changed(plan="growth")).own
    assert growth.lacks == (
        "it holds 200,000 data credits at most (100,000 and top-ups), not 300,000",
        "it holds 200,000 Actions at most, not 250,000",
    )


def test_workspaces_share_leads_plans_and_time() -> None:
    two = plan(MonthAsk(n_leads=50_000, credits_per_lead=2, n_workspaces=2))
    fit = two.offer.fits[Level.LIKELY]
    assert fit.plan is ClayPlan.GROWTH
    # Each: 50,000 credits, 44,000 beyond Growth's; 125,000 Actions, 85,000 beyond.
    assert two.offer.dollars(Level.LIKELY) == pytest.approx(
        2 * (495 + 44_000 * 0.04 + 85_000 * 0.006)
    )
    assert two.sending_time_s() == pytest.approx(2_498.2)


def test_own_keys_of_the_workspace_count_unless_credits_are_asked_about() -> None:
    own = changed(own_api_keys=True)
    assert plan(MonthAsk(), own).offer.spend.high.credits == 0
    assert plan(MonthAsk(n_leads=10), own).offer.spend.high.credits == 0
    assert plan(MonthAsk(n_leads=10, credits_per_lead=6), own).offer.spend.high.credits == 60


@given(st.integers(1, 2_000_000), st.floats(0, 100), st.floats(0, 100))
def test_more_leads_never_take_less_of_anything(n: int, credits_: float, actions: float) -> None:
    fewer, more = (plan(MonthAsk(each, credits_, actions)) for each in (n, n + 1_000))
    order = list(CATALOGUE.plans)
    for level in Level:
        assert more.offer.spend.at(level).credits >= fewer.offer.spend.at(level).credits
        plans = [order.index(one.offer.fits[level].plan) for one in (fewer, more)]
        assert plans == sorted(plans)
        assert more.offer.fits[level].is_enough
    few, many = fewer.parts[0], more.parts[0]
    assert many.n_pairs_a_year >= few.n_pairs_a_year
    # A pair holds no more than its limit, so a year's pairs hold a year's leads.
    assert many.n_pairs_a_year * many.pair_limit >= many.n_rows_a_year
    assert many.n_pairs_a_year_side_by_side >= many.n_pairs_a_year
