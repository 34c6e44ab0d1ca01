"""Does the forecast tell the day a slot runs out, and warn in time?"""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clayload.capacity.near_limits import warn_of
from clayload.capacity.slots import Pace, TableForecast, forecast_table, measure_pace
from clayload.delivery.grant import SlotSnapshot, SlotState, TableSnapshot

TODAY = date(2026, 11, 23)


def forecast(
    *slots: SlotSnapshot,
    per_day: float = 0.0,
    volume: int = 1,
    rows: tuple[int, int] = (0, 1_000_000),
    auto_delete: bool = False,
) -> TableForecast:
    """All traffic of the table goes through its first slot."""
    table = TableSnapshot(*rows, slots, auto_delete=auto_delete)
    paces = [Pace(per_day, per_day), *[Pace()] * (len(slots) - 1)]
    return forecast_table("tech", table, paces, volume, TODAY)


def slot(name: str = "tech-1", used: int = 0, state: SlotState = SlotState.ACTIVE) -> SlotSnapshot:
    return SlotSnapshot(name, used, 45_000, state)


def days_left(table: TableForecast) -> list[int | None]:
    return [one.runs_out_on and (one.runs_out_on - TODAY).days for one in table.slots]


def warnings(table: TableForecast) -> list[str]:
    return list(warn_of(table))


def test_slots_run_out_one_after_the_other_at_the_tables_pace() -> None:
    assert days_left(forecast(slot("a", 35_000), slot("b", 40_000), per_day=1_000)) == [10, 15]


def test_a_slot_that_is_not_used_has_no_day_and_holds_nobody_up() -> None:
    table = forecast(
        slot("a", 45_000), slot("b", 0, SlotState.RETIRED), slot("c", 44_000), per_day=100
    )
    assert days_left(table) == [None, None, 10]
    assert [one.slot for one in table.usable] == ["c"]
    assert table.slots_run_out_on == TODAY + timedelta(days=10)


def test_the_planned_volume_counts_where_it_is_more_than_was_sent() -> None:
    planned = forecast(slot(used=44_000), per_day=1, volume=3_043)
    assert (planned.is_planned, days_left(planned)) == (True, [10])
    measured = forecast(slot(used=44_000), per_day=200, volume=3_043)
    assert (measured.is_planned, days_left(measured)) == (False, [5])


def test_beyond_ten_years_no_day_is_told() -> None:
    assert days_left(forecast(slot(), volume=1)) == [None]


def test_the_tables_own_rows_run_out_beside_its_slots() -> None:
    table = forecast(slot(), per_day=1_000, rows=(48_000, 50_000))
    assert table.rows_run_out_on == TODAY + timedelta(days=2)
    (warning,) = (w for w in warnings(table) if "rows" in w)
    assert warning.startswith("tech: 48,000 of 50,000 rows (96%), 2026-11-25 at this rate")
    assert "no slot helps" in warning


def test_no_slot_outlives_its_table() -> None:
    table = forecast(slot("a", 40_000), slot("b"), slot("c"), per_day=1_000, rows=(40_000, 50_000))
    assert days_left(table) == [5, 10, 10]
    assert table.slots_run_out_on == table.rows_run_out_on == TODAY + timedelta(days=10)
    first, rows = warnings(table)
    assert "b takes over" in first
    assert "no slot helps" in rows


def test_the_last_slot_of_a_table_that_is_full_first_asks_for_no_other() -> None:
    last, rows = warnings(forecast(slot(used=41_000), per_day=1_000, rows=(49_000, 50_000)))
    assert last.endswith("it is the last, and the table is full before it is used up")
    assert "no slot helps" in rows


def test_a_table_with_auto_delete_has_no_limit_and_no_warning() -> None:
    table = forecast(slot(used=200_000), per_day=9_000, rows=(200_000, 50_000), auto_delete=True)
    assert (table.rows_run_out_on, days_left(table), warnings(table)) == (None, [None], [])
    assert [one.slot for one in table.usable] == ["tech-1"]


@pytest.mark.parametrize(("used", "n_warnings"), [(35_999, 0), (36_000, 1)])
def test_from_eighty_percent_on_there_is_a_warning(used: int, n_warnings: int) -> None:
    assert len(warnings(forecast(slot(used=used)))) == n_warnings


def test_a_warning_says_who_takes_over_or_what_to_add() -> None:
    first, second = warnings(forecast(slot("a", 40_000), slot("b", 41_000), per_day=1_000))
    assert first == (
        "tech: slot a has used 40,000 of 45,000 (89%), 2026-11-28 at this rate; b takes over, "
        "with 4,000 left"
    )
    assert second == (
        "tech: slot b has used 41,000 of 45,000 (91%), 2026-12-02 at this rate; it is the last: "
        "make a new webhook in Clay and add it: `clayload slots add tech NEW-NAME --url env:…`"
    )


def test_a_used_up_slot_that_was_followed_is_not_warned_of_for_ever() -> None:
    assert warnings(forecast(slot("a", 45_000), slot("b", 0))) == []


@pytest.mark.parametrize(("per_day", "n_warnings"), [(1_400, 0), (1_500, 1)])
def test_the_last_slot_is_warned_of_a_month_before_it_runs_out(
    per_day: float, n_warnings: int
) -> None:
    assert len(warnings(forecast(slot("a"), per_day=per_day))) == n_warnings


@pytest.mark.parametrize("state", [SlotState.RETIRED, SlotState.SUSPENDED, SlotState.USED_UP])
@pytest.mark.parametrize("auto_delete", [False, True])
def test_without_a_usable_slot_the_warning_says_so(state: SlotState, *, auto_delete: bool) -> None:
    (warning,) = warnings(forecast(slot(state=state), auto_delete=auto_delete))
    assert warning.startswith("tech: no slot is left; make a new webhook")


def test_a_pace_is_measured_over_what_is_known_and_a_week_at_least() -> None:
    assert measure_pace(700, 3_000, 400) == Pace(100, 100)
    assert measure_pace(700, 1_400, 14) == Pace(100, 100)
    assert measure_pace(5_000, 5_000, 0.1) == Pace(5_000 / 7, 5_000 / 7)


@given(
    st.lists(st.integers(0, 50_000), min_size=1, max_size=6),
    st.integers(0, 60_000),
    st.floats(0.0, 5_000, allow_subnormal=False),
)
def test_a_day_is_one_on_which_the_pace_meets_what_is_left(
    used: list[int], volume: int, per_day: float
) -> None:
    table = forecast(
        *(slot(f"s{i}", n) for i, n in enumerate(used)), per_day=per_day, volume=volume
    )
    n_before = 0
    for one in table.slots:
        n_before += one.n_left
        if one.runs_out_on is not None:
            days = (one.runs_out_on - TODAY).days
            assert (
                days * table.per_day
                <= n_before * (1 + 1e-9)
                < (days + 1) * table.per_day * (1 + 2e-9)
            )
