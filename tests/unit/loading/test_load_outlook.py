"""A load plan's parts add up, and its verdict follows from them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clayload.account.extract_summary import ExtractSummary
from clayload.capacity.funds import Fund
from clayload.capacity.load_plan import Fit, LoadPlan
from clayload.capacity.outlook import Owed, TableFacts, look_ahead, plan_funds, plan_tables
from clayload.capacity.timeline import PlannedChunk, SendRate
from clayload.delivery.budget import Unit
from clayload.delivery.grant import SlotSnapshot, TableSnapshot
from clayload.delivery.pace import Rate
from clayload.model import Priority
from clayload.tables.costs import CostRange, LeadCost

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
WEIGHTS = {Priority.HIGH: 8, Priority.NORMAL: 3, Priority.LOW: 1}
TEMPO = SendRate(Rate(10, 20), WEIGHTS, 4, 10)
READ_ONLY = ExtractSummary(
    files=(),
    folder="",
    n_rows=0,
    n_quarantined=0,
    quarantine_reasons={},
    n_duplicates=0,
    n_unrouted=0,
    n_multi_match=0,
    n_left_out=0,
    unmapped=(),
    merged={},
    conflicts={},
    unread=(),
)

counts = st.integers(0, 300)
funds = st.lists(
    st.builds(Fund, st.just("a fund"), st.sampled_from(Unit), st.integers(0, 900).map(float)),
    max_size=2,
)


def slots(*left: int) -> list[SlotSnapshot]:
    return [SlotSnapshot(f"slot-{i}", 1_000 - n, 1_000) for i, n in enumerate(left)]


def draft(*left: int, rows_left: int = 50_000, credits_: float = 2) -> TableFacts:
    likely = LeadCost(credits_, 1)
    cost = CostRange(LeadCost(0, 0), likely, LeadCost(credits_ * 2, 3))
    return TableFacts(TableSnapshot(0, rows_left, slots(*left)), cost, 1_000)


def plan(owed: Owed, budgets: list[Fund], balances: list[Fund]) -> LoadPlan:
    outlook = look_ahead(owed, budgets, balances)
    return LoadPlan(
        cycle="2026-11",
        extract_id="e",
        extract=READ_ONLY,
        table=None,
        limit=None,
        tables=plan_tables(outlook, TEMPO, NOON),
        rate_per_s=10,
        sending_time_s=0,
        time_zone="UTC",
        starts_at=NOON,
        ends_at=NOON,
        funds=tuple(plan_funds(outlook, budgets, balances)),
        notes=(),
    )


def one_table(n: int, of: TableFacts) -> Owed:
    return Owed({"one": of}, [PlannedChunk("one", Priority.NORMAL, n)] if n else [])


@given(counts, counts, counts, counts, funds, funds)
def test_the_parts_of_every_plan_add_up(  # noqa: PLR0913, PLR0917 - figures that vary by themselves
    n: int, first: int, second: int, rows: int, budgets: list[Fund], balances: list[Fund]
) -> None:
    made = plan(one_table(n, draft(first, second, rows_left=rows)), budgets, balances)
    table = made.tables["one"]
    assert table.n_to_send == n == table.n_unplaced + table.n_over_budget + table.n_going
    assert sum(table.by_slot.values()) == table.n_going <= min(first + second, rows)
    assert 0 <= table.n_unpaid <= table.n_going
    assert (table.first_at is None) == (table.n_going == 0)
    assert set(table.fills_at) == {
        slot for slot, taken in table.by_slot.items() if taken == table.left_in_slots[slot]
    }
    n_well = table.n_going - table.n_unpaid
    assert made.fit == (Fit.FITS if n_well == n else Fit.IN_PART if n_well else Fit.NOT)
    assert bool(list(made.describe_lacks())) == (made.fit is not Fit.FITS)


def test_a_budget_defers_what_it_has_no_room_for_and_a_balance_does_not() -> None:
    fund = Fund("workspace.budget.credits_per_day", Unit.CREDITS, 30)
    deferred = plan(one_table(20, draft(100)), [fund], []).tables["one"]
    assert (deferred.n_going, deferred.n_over_budget, deferred.n_unpaid) == (15, 5, 0)
    unpaid = plan(one_table(20, draft(100)), [], [fund]).tables["one"]
    assert (unpaid.n_going, unpaid.n_over_budget, unpaid.n_unpaid) == (20, 0, 5)


def test_the_tables_that_go_first_are_paid_first() -> None:
    pieces = [PlannedChunk("two", Priority.HIGH, 10), PlannedChunk("one", Priority.NORMAL, 10)]
    owed = Owed({"one": draft(100), "two": draft(100)}, pieces)
    made = plan(owed, [Fund("budget", Unit.ACTIONS, 12)], [])
    assert {name: table.n_going for name, table in made.tables.items()} == {"two": 10, "one": 2}
    assert list(made.tables) == ["two", "one"]


def test_what_is_enough_only_if_all_goes_well_is_said_and_still_fits() -> None:
    made = plan(one_table(10, draft(100)), [], [Fund("balance in Clay", Unit.CREDITS, 25)])
    assert made.fit is Fit.FITS
    (risk,) = made.describe_risks()
    assert risk.endswith("enough for what is likely, not for what is the most: 40")


def test_a_slot_is_full_the_moment_its_last_lead_goes() -> None:
    table = plan(one_table(100, draft(48, 60)), [], []).tables["one"]
    (at,) = table.fills_at.values()
    assert (at - NOON).total_seconds() == pytest.approx(3)
    assert table.last_at is not None
    assert (table.last_at - NOON).total_seconds() == pytest.approx(8.2)
