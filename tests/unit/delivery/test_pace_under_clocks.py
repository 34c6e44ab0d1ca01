"""Does a stepped clock, or a changed rate, neither freeze a workspace nor send too soon?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.scenes.fakes import TokenBucket
from support.scenes.pace_scene import CLAY, ROUNDING_S, START, gaps, how_many, rates, requests

from clayload.delivery.pace import (
    HORIZON_S,
    PaceState,
    Rate,
    change_rate,
    slow_down,
    take_moments,
    throttle,
    undo_clock_step,
)

lower_rates = st.builds(
    Rate, st.sampled_from([0.05, 1.0, 2.0, 5.0, 9.0, 10.0]), st.sampled_from([2, 5, 10, 19, 20])
)
clock_steps = st.sampled_from([0.0, 0.0, 1.0, 30.0, 3_600.0, -1.0, -30.0, -7_200.0])
boot_times = st.floats(START - 1e8, START)


@given(requests, st.floats(0, 300), st.floats(3_600, 86_400))
def test_a_clock_stepped_back_does_not_freeze_the_workspace(
    before: list[tuple[float, int]], throttle_s: float, step_s: float
) -> None:
    state, now = PaceState(), START
    state = throttle(state, CLAY, now, throttle_s)
    now += throttle_s
    for gap_s, n in [*before, (0.0, 1)]:
        now += gap_s
        state = take_moments(state, CLAY, now, n).state
    frozen_s = _first_moment_after(state, now - step_s)
    assert frozen_s <= HORIZON_S + 1 / CLAY.per_s + ROUNDING_S


@given(st.floats(0.1, 300), st.floats(3_600, 86_400))
def test_a_clock_stepped_back_within_a_pause_freezes_it_no_longer_than_a_pause_can_be(
    throttle_s: float, step_s: float
) -> None:
    state = throttle(PaceState(), CLAY, START, throttle_s)
    assert _first_moment_after(state, START - step_s) <= 300 + HORIZON_S + 1 / CLAY.per_s


@given(requests, st.floats(60, 1e8))
def test_a_clock_stepped_forward_does_not_freeze_the_workspace(
    before: list[tuple[float, int]], step_s: float
) -> None:
    state, now = PaceState(), START
    for gap_s, n in before:
        now += gap_s
        state = take_moments(state, CLAY, now, n).state
    assert _first_moment_after(state, now + step_s) == 0.0


@given(rates, st.lists(st.tuples(gaps, how_many, clock_steps), max_size=40), boot_times)
def test_a_clock_stepped_this_way_and_that_lets_no_lead_through_too_soon(
    rate: Rate, asked: list[tuple[float, int, float]], booted_at: float
) -> None:
    bucket = TokenBucket(rate.per_s, rate.burst)
    state, true, off_s = PaceState(), START, 0.0
    for gap_s, n, step_s in asked:
        true += gap_s
        off_s += step_s
        now = true + off_s
        state = undo_clock_step(state, rate, now, true - booted_at)
        moments = take_moments(state, rate, now, n)
        state = moments.state
        assert all(bucket.take(true + delay_s) for delay_s in moments.delays_s)


@given(st.lists(st.tuples(gaps, how_many, lower_rates), max_size=40))
def test_a_rate_lowered_and_raised_again_lets_no_lead_through_too_soon(
    asked: list[tuple[float, int, Rate]],
) -> None:
    bucket = TokenBucket(CLAY.per_s, CLAY.burst)
    state, rate, now = PaceState(), CLAY, START
    for gap_s, n, after in asked:
        now += gap_s
        state, rate = change_rate(state, rate, after, now), after
        moments = take_moments(undo_clock_step(state, rate, now), rate, now, n)
        state = moments.state
        assert all(bucket.take(now + delay_s) for delay_s in moments.delays_s)


@pytest.mark.parametrize("after", [Rate(20.0, 20), Rate(10.0, 40), Rate(5.0, 20), Rate(10.0, 10)])
def test_another_rate_begins_with_the_next_moment_and_no_burst(after: Rate) -> None:
    state = take_moments(PaceState(), CLAY, START, 120).state
    moments = take_moments(change_rate(state, CLAY, after, START), after, START, 120)
    assert len(moments.delays_s) <= 1 + HORIZON_S * after.per_s
    long_after = START + 60
    unused = change_rate(state, CLAY, after, long_after)
    assert take_moments(unused, after, long_after, 1).delays_s == (0.0,)


@given(st.floats(60, 1e8), st.floats(0, 300))
def test_a_clock_stepped_forward_ends_no_pause_early_and_delays_it_by_nothing(
    step_s: float, throttle_s: float
) -> None:
    state = undo_clock_step(PaceState(), CLAY, START, 1_000.0)
    state = throttle(state, CLAY, START, throttle_s)
    state = slow_down(state, START, granted_at=START - 0.1)
    fixed = undo_clock_step(state, CLAY, START + step_s, 1_000.0)
    assert fixed.part_at(START + step_s) == pytest.approx(0.7)
    assert fixed.throttled_until - (START + step_s) == pytest.approx(throttle_s, abs=ROUNDING_S)
    assert fixed.tat - (START + step_s) == pytest.approx(state.tat - START, abs=ROUNDING_S)


def test_a_machine_that_was_started_anew_waits_for_nothing_of_before() -> None:
    ten_days_s = 864_000.0
    state = undo_clock_step(PaceState(), CLAY, START, ten_days_s)
    state = take_moments(state, CLAY, START, 120).state
    state = throttle(state, CLAY, START, 3.0)
    state = undo_clock_step(state, CLAY, START + 60, 10.0)
    assert take_moments(state, CLAY, START + 60, 1).delays_s == (0.0,)


@given(rates, requests, st.floats(0, 300))
def test_a_clock_that_runs_on_leaves_the_state_as_it_is(
    rate: Rate, asked: list[tuple[float, int]], throttle_s: float
) -> None:
    state, now = PaceState(), START
    for i, (gap_s, n) in enumerate(asked):
        now += gap_s
        if i == len(asked) // 2:
            state = throttle(state, rate, now, throttle_s)
        fixed = undo_clock_step(state, rate, now)
        assert fixed.tat == pytest.approx(state.tat, abs=ROUNDING_S)
        assert fixed.throttled_until == pytest.approx(state.throttled_until, abs=ROUNDING_S)
        state = take_moments(state, rate, now, n).state


def _first_moment_after(state: PaceState, now: float) -> float:
    """Seconds until the first lead goes, asking as the ledger does: the fixed state is kept."""
    began = now
    while True:
        moments = take_moments(state := undo_clock_step(state, CLAY, now), CLAY, now, 1)
        if moments.delays_s:
            return now + moments.delays_s[0] - began
        now += moments.wait_s
        assert now - began < 1_000, "frozen"
