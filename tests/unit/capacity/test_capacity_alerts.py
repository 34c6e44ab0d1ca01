"""Which budgets, slots and tables are near their end, and which are used up."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from clayload.alerts import AlertLevel
from clayload.capacity.forecast import Forecast, LineUse
from clayload.capacity.slots import Pace, forecast_table
from clayload.delivery.grant import SlotSnapshot, SlotState, TableSnapshot
from clayload.monitoring.thresholds import judge_line, judge_table

LINE = LineUse(
    key="workspace.budget.credits_per_billing_month",
    table=None,
    unit="credits",
    limit=1_000,
    used=0,
    renews_on="2026-12-01",
    least=6,
    forecast=None,
)
TODAY = date(2026, 11, 26)


@pytest.mark.parametrize(
    ("used", "limit", "level"),
    [
        (0, 1_000, AlertLevel.FINE),
        (799, 1_000, AlertLevel.FINE),
        (800, 1_000, AlertLevel.NEAR),
        (994, 1_000, AlertLevel.NEAR),
        (994.001, 1_000, AlertLevel.OVER),
        (1_200, 1_000, AlertLevel.OVER),
        (0, 0, AlertLevel.OVER),
        (5_000, None, AlertLevel.FINE),
    ],
)
def test_a_budget_is_over_where_not_one_lead_more_fits(
    used: float, limit: float | None, level: AlertLevel
) -> None:
    assert judge_line(replace(LINE, used=used, limit=limit), "main", 80).level is level


def test_binary_fractions_do_not_use_up_a_budget() -> None:
    line = replace(LINE, used=0.2, limit=0.3, least=0.1)
    assert judge_line(line, "main", 80).level is AlertLevel.FINE


def test_a_budget_of_which_nothing_is_ever_counted_is_fine() -> None:
    assert judge_line(replace(LINE, limit=0, least=None), "main", 80).level is AlertLevel.FINE


def test_a_budget_is_near_its_end_only_if_even_the_lower_pace_passes_it() -> None:
    day = date(2026, 11, 28)
    doubtful = replace(LINE, used=500, forecast=Forecast(990, 1_100, 1_210, day))
    certain = replace(LINE, used=500, forecast=Forecast(1_001, 1_100, 1_210, day))
    assert judge_line(doubtful, "main", 80).level is AlertLevel.FINE
    near = judge_line(certain, "main", 80)
    assert near.level is AlertLevel.NEAR
    assert near.what == (
        "workspace.budget.credits_per_billing_month: 500 of 1,000 credits are used (50.0%), it "
        "renews on 2026-12-01; at this pace it is used up on 2026-11-28"
    )
    assert "raise workspace.budget.credits_per_billing_month in tables.yaml" in near.next_step


def judge(*used: int, rows: int = 0, state: SlotState = SlotState.ACTIVE) -> dict[str, AlertLevel]:
    slots = [SlotSnapshot(f"tech-{n}", u, 45_000, state) for n, u in enumerate(used, 1)]
    table = TableSnapshot(rows, 50_000, slots)
    found = judge_table(forecast_table("tech", table, [Pace()] * len(slots), 1, TODAY), "main", 80)
    return {one.subject.rpartition(".main.")[2]: one.level for one in found}


def test_a_slot_near_its_end_is_told_and_fine_once_another_has_taken_over() -> None:
    fine, near, over = AlertLevel.FINE, AlertLevel.NEAR, AlertLevel.OVER
    assert judge(35_999, 0) == {"tech-1": fine, "tech-2": fine, "tech": fine}
    assert judge(36_000, 0) == {"tech-1": near, "tech-2": fine, "tech": fine}
    assert judge(45_000, 1) == {"tech-1": fine, "tech-2": fine, "tech": fine}
    assert judge(45_000, 45_000) == {"tech-1": fine, "tech-2": over, "tech": fine}


def test_a_table_without_a_slot_in_use_is_told_by_its_last() -> None:
    levels = judge(10, 10, state=SlotState.RETIRED)
    assert levels == {"tech-1": AlertLevel.FINE, "tech-2": AlertLevel.OVER, "tech": AlertLevel.FINE}


@pytest.mark.parametrize(
    ("rows", "level"),
    [(39_999, AlertLevel.FINE), (40_000, AlertLevel.NEAR), (50_000, AlertLevel.OVER)],
)
def test_a_tables_rows_run_out(rows: int, level: AlertLevel) -> None:
    assert judge(0, 0, rows=rows)["tech"] is level


def test_a_slot_and_a_table_of_one_name_are_two_subjects() -> None:
    slots = [SlotSnapshot("tech", 0, 45_000)]
    table = forecast_table("tech", TableSnapshot(0, 50_000, slots), [Pace()], 1, TODAY)
    assert len({one.subject for one in judge_table(table, "main", 80)}) == 2
