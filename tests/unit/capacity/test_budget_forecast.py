"""What a budget comes to by the end of the month, and when it is used up."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clayload.capacity.forecast import ByDay, Forecast, Month, forecast_line

FIRST, NEXT = date(2026, 11, 1), date(2026, 12, 1)


def month(day: int, part: float = 0.5, known_since: date = date(2026, 1, 1)) -> Month:
    return Month(FIRST, date(2026, 11, day), part, NEXT, known_since)


def even(n_days: int, amount: float, last: int) -> ByDay:
    return {date(2026, 11, last) - timedelta(days=n): amount for n in range(n_days)}


def test_an_even_pace_goes_on_to_the_end() -> None:
    at_end = forecast_line(1_000, 3_001, even(10, 100, 10), month(10, part=1.0))
    assert at_end == Forecast(3_000, 3_000, 3_000, None)


def test_the_two_paces_are_low_and_high() -> None:
    slower = even(7, 50, 14) | even(7, 100, 7)
    at_end = forecast_line(1_050, None, slower, month(14, part=1.0))
    assert at_end == Forecast(1_050 + 16 * 50, 1_050 + 16 * 62.5, 1_050 + 16 * 75, None)


@pytest.mark.parametrize("n_days", [0, 1, 2])
def test_a_load_of_one_or_two_days_is_no_pace(n_days: int) -> None:
    at_end = forecast_line(2_000, 3_000, even(n_days, 1_000, 2), month(2))
    assert at_end == Forecast(2_000, 2_000, 2_000, None)


def test_a_pace_is_counted_since_something_is_known() -> None:
    late = month(22, part=1.0, known_since=date(2026, 11, 20))
    at_end = forecast_line(300, None, even(3, 100, 22), late)
    assert (at_end.low, at_end.high) == (pytest.approx(1_100), pytest.approx(1_100))


@pytest.mark.parametrize(
    ("limit", "day"),
    [
        (None, None),
        (900, date(2026, 11, 10)),  # used up already
        (0, date(2026, 11, 10)),
        (1_150, date(2026, 11, 12)),
        (2_980, date(2026, 11, 30)),
        (9_000, None),
    ],
)
def test_the_day_on_which_a_limit_is_reached(limit: float | None, day: date | None) -> None:
    now = month(10, part=1.0)
    assert forecast_line(1_000, limit, even(10, 100, 10), now).used_up_on == day


def test_a_month_that_is_over_comes_to_what_was_used() -> None:
    at_end = forecast_line(3_000, 4_000, even(30, 100, 30), month(30, part=1.0))
    assert at_end == Forecast(3_000, 3_000, 3_000, None)


@given(
    by_day=st.dictionaries(st.dates(FIRST, date(2026, 11, 30)), st.integers(0, 1_000), max_size=20),
    day=st.integers(1, 30),
    part=st.floats(0, 1),
    limit=st.none() | st.integers(0, 20_000),
)
def test_the_forecast_is_in_order_and_its_day_within_the_month(
    by_day: dict[date, int], day: int, part: float, limit: int | None
) -> None:
    now = month(day, part)
    used = sum(n for when, n in by_day.items() if when <= now.today)
    at_end = forecast_line(used, limit, by_day, now)
    assert used <= at_end.low <= at_end.likely <= at_end.high
    if at_end.used_up_on is not None:
        assert now.today <= at_end.used_up_on < NEXT
        assert limit is not None
        assert max(at_end.likely, used) >= limit
    elif limit is not None:
        assert at_end.likely < limit or at_end.likely == pytest.approx(limit)
