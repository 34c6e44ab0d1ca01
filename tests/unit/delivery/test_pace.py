"""Can any run of requests for moments overrun the rate, starve, or freeze the workspace?"""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.scenes.fakes import TokenBucket

from clayload.delivery.pace import (
    FASTER_PER_S,
    HORIZON_S,
    LEAST_PART,
    PaceState,
    Rate,
    change_rate,
    count_unused,
    slow_down,
    take_moments,
    throttle,
    undo_clock_step,
)

START = 1_790_000_000.0  # an epoch time of 2026, so that rounding is what it will be
CLAY = Rate(10.0, 20)
ROUNDING_S = 1e-5

rates = st.builds(
    Rate, st.floats(0.05, 10_000, allow_nan=False), st.integers(min_value=2, max_value=10_000)
)
# Seconds since the last request, by whomever, and how many leads it is for.
gaps = st.sampled_from([0.0, 0.001, 0.05, 0.3, 1.0, 3.0, 60.0])
how_many = st.integers(1, 120)
requests = st.lists(st.tuples(gaps, how_many), max_size=40)
lower_rates = st.builds(
    Rate, st.sampled_from([0.05, 1.0, 2.0, 5.0, 9.0, 10.0]), st.sampled_from([2, 5, 10, 19, 20])
)
clock_steps = st.sampled_from([0.0, 0.0, 1.0, 30.0, 3_600.0, -1.0, -30.0, -7_200.0])
boot_times = st.floats(START - 1e8, START)
lateness = st.lists(st.floats(0, 1), min_size=1, max_size=50)


def _send(rate: Rate, asked: Sequence[tuple[float, int]], late: Sequence[float]) -> list[float]:
    """The moments at which leads reach Clay, each late by its share of `lateness_s`."""
    state, now = PaceState(), START
    sent: list[float] = []
    for gap_s, n in asked:
        now += gap_s
        moments = take_moments(state, rate, now, n)
        state = moments.state
        for delay_s in moments.delays_s:
            sent.append(now + delay_s + rate.lateness_s * late[len(sent) % len(late)])
    return sorted(sent)


@given(rates, requests, lateness)
def test_a_token_bucket_like_clays_never_says_no(
    rate: Rate, asked: list[tuple[float, int]], late: list[float]
) -> None:
    bucket = TokenBucket(rate.per_s, rate.burst)
    assert all(bucket.take(at) for at in _send(rate, asked, late))


@given(requests, lateness)
def test_no_window_holds_more_than_burst_and_rate_times_its_length(
    asked: list[tuple[float, int]], late: list[float]
) -> None:
    sent = _send(CLAY, asked, late)
    for first, begin in enumerate(sent):
        for last, end in enumerate(sent[first:], first):
            assert last - first + 1 <= CLAY.burst + CLAY.per_s * (end - begin + ROUNDING_S)


def test_one_late_lead_more_than_the_margin_would_overrun_the_bucket() -> None:
    """The bound is tight: the law above does not hold by a mile for some other reason."""
    asked = [(0.0, 100), (1.0, 100), (1.0, 100), (1.0, 100)]
    sent = _send(CLAY, asked, [0.0])
    too_late_s = CLAY.lateness_s + 1.5 / CLAY.per_s
    late = [at + (too_late_s if at < START + 2.0 else 0.0) for at in sent]
    bucket = TokenBucket(CLAY.per_s, CLAY.burst)
    assert not all(bucket.take(at) for at in sorted(late))


@given(requests, lateness)
def test_a_burst_of_one_is_overrun_by_at_most_one_late_lead(
    asked: list[tuple[float, int]], late: list[float]
) -> None:
    rate = Rate(10.0, 1)
    bucket = TokenBucket(rate.per_s, rate.burst + 1)
    assert all(bucket.take(at) for at in _send(rate, asked, late))


@given(rates, st.integers(1, 120), st.integers(1, 4))
def test_always_asked_the_rate_is_used_to_98_per_cent(
    rate: Rate, n_wanted: int, n_askers: int
) -> None:
    state, n_sent = PaceState(), 0
    asks_at = dict.fromkeys(range(n_askers), START)
    until = START + 400 / rate.per_s + 20 * HORIZON_S
    while (now := min(asks_at.values())) < until and n_sent < 4_000:
        asker = min(asks_at, key=lambda who: (asks_at[who], who))
        moments = take_moments(state, rate, now, n_wanted)
        state = moments.state
        n_sent += len(moments.delays_s)
        # Like the sending loop: it asks again once its last lead is out.
        asks_at[asker] = now + (moments.delays_s[-1] if moments.delays_s else moments.wait_s)
    took_s = max(asks_at.values()) - START
    assert n_sent >= 0.98 * rate.per_s * (took_s - HORIZON_S) - 1


@pytest.mark.parametrize("rate", [Rate(10.0, 20), Rate(500.0, 1_000), Rate(0.2, 3), Rate(10.0, 2)])
def test_the_allowed_rate_is_reached_over_ten_thousand_leads(rate: Rate) -> None:
    state, now, n_sent = PaceState(), START, 0
    while n_sent < 10_000:
        moments = take_moments(state, rate, now, 10)
        state = moments.state
        n_sent += len(moments.delays_s)
        now += moments.delays_s[-1] if moments.delays_s else moments.wait_s
    n_allowed = rate.burst + rate.per_s * (now - START)
    assert 0.98 * (n_allowed - rate.burst) <= n_sent <= n_allowed


@pytest.mark.parametrize("per_s", [10.0, 700.0, 10_000.0])
def test_rounding_does_not_add_up_to_a_faster_pace(per_s: float) -> None:
    rate, state = Rate(per_s, 2), PaceState()
    n_moments = int(per_s) * 5
    for i in range(n_moments):
        state = take_moments(state, rate, START + i / per_s, 1).state
    assert state.tat - START >= n_moments / per_s


def test_after_silence_the_burst_less_the_margin_goes_at_once() -> None:
    delays_s = take_moments(PaceState(), CLAY, START, 100).delays_s
    assert delays_s[:18] == pytest.approx((0.0,) * 18, abs=ROUNDING_S)
    assert delays_s[18] == pytest.approx(0.1, abs=ROUNDING_S)


@given(rates, requests)
def test_moments_ascend_lie_within_the_horizon_and_are_no_more_than_asked(
    rate: Rate, asked: list[tuple[float, int]]
) -> None:
    state, now = PaceState(), START
    for gap_s, n in asked:
        now += gap_s
        moments = take_moments(state, rate, now, n)
        state = moments.state
        assert list(moments.delays_s) == sorted(moments.delays_s)
        assert len(moments.delays_s) <= n
        assert all(0 <= delay_s <= HORIZON_S + ROUNDING_S for delay_s in moments.delays_s)
        assert (moments.wait_s == 0) == bool(moments.delays_s)


@given(rates, requests)
def test_who_was_told_to_wait_gets_moments_then_and_none_has_gone_by_unused(
    rate: Rate, asked: list[tuple[float, int]]
) -> None:
    state, now = PaceState(), START
    for gap_s, n in asked:
        now += gap_s
        moments = take_moments(state, rate, now, n)
        if not moments.delays_s:
            (delay_s,) = take_moments(moments.state, rate, now + moments.wait_s, 1).delays_s
            assert delay_s == pytest.approx(HORIZON_S / 2, abs=ROUNDING_S)
        state = moments.state


@given(rates, requests, st.floats(0, 300), requests)
def test_after_a_pause_nothing_goes_before_its_end_and_then_without_a_burst(
    rate: Rate, before: list[tuple[float, int]], throttle_s: float, after: list[tuple[float, int]]
) -> None:
    state, now = PaceState(), START
    for gap_s, n in before:
        now += gap_s
        state = take_moments(state, rate, now, n).state
    state, end = throttle(state, rate, now, throttle_s), now + throttle_s
    sent: list[float] = []
    for gap_s, n in after:
        now += gap_s
        moments = take_moments(state, rate, now, n)
        state = moments.state
        sent += [now + delay_s for delay_s in moments.delays_s]
    assert all(at >= end - ROUNDING_S for at in sent)
    n_by = [sum(at <= end + s for at in sent) for s in (0.0, 1.0, HORIZON_S * 2)]
    assert all(
        n <= 1 + rate.per_s * (s + ROUNDING_S)
        for n, s in zip(n_by, (0.0, 1.0, HORIZON_S * 2), strict=True)
        if now <= end + s  # whoever asks after longer silence has earned a burst again
    )


def test_two_answers_429_do_not_shorten_each_others_pause() -> None:
    state = throttle(PaceState(), CLAY, START, 10.0)
    state = throttle(state, CLAY, START + 1, 1.0)
    assert state.throttled_until == START + 10.0


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


def test_a_429_slows_at_once_and_the_rate_comes_back_by_itself() -> None:
    state = slow_down(PaceState(), START, granted_at=START - 0.1)
    parts = [state.part_at(START + seconds) for seconds in (0, 1, 5, 10, 100)]
    assert parts == pytest.approx([0.7, 0.73, 0.85, 1.0, 1.0])


def test_a_burst_of_429s_to_leads_granted_before_the_slow_down_is_one() -> None:
    once = slow_down(PaceState(), START, granted_at=START - 0.2)
    assert slow_down(once, START + 0.3, granted_at=START - 0.1) == once
    twice = slow_down(once, START + 0.3, granted_at=START + 0.1)
    assert twice.part_at(START + 0.3) == pytest.approx((0.7 + 0.3 * FASTER_PER_S) * 0.7)


def test_no_storm_of_429s_stops_the_workspace_for_good() -> None:
    state = PaceState()
    for second in range(1, 100):
        state = slow_down(state, START + second, granted_at=START + second - 0.1)
    assert state.part_at(START + 99) == pytest.approx(LEAST_PART)
    assert state.part_at(START + 99 + (1 - LEAST_PART) / FASTER_PER_S) == pytest.approx(1)


@given(requests, lateness, st.lists(st.booleans(), min_size=1))
def test_a_slowed_workspace_is_never_faster_than_a_whole_one(
    asked: list[tuple[float, int]], late: list[float], stormy: list[bool]
) -> None:
    state, now, sent = PaceState(), START, list[float]()
    for i, (gap_s, n) in enumerate(asked):
        granted_at, now = now, now + gap_s
        if stormy[i % len(stormy)]:
            state = slow_down(state, now, granted_at)
        moments = take_moments(state, CLAY, now, n)
        state = moments.state
        share = CLAY.lateness_s * late[i % len(late)]
        sent += [now + delay_s + share for delay_s in moments.delays_s]
    bucket = TokenBucket(CLAY.per_s, CLAY.burst)
    assert all(bucket.take(at) for at in sorted(sent))


def test_beside_an_outsider_it_finds_what_is_left_and_takes_the_rest_when_he_leaves() -> None:
    """An outsider takes half the rate for 20 s; both meet the same bucket."""
    bucket, state, now = TokenBucket(CLAY.per_s, CLAY.burst), PaceState(), START
    accepted, n_refused = list[float](), 0
    outsider = [START + 5 + i / 5 for i in range(100)]
    while now < START + 60:
        moments = take_moments(state, CLAY, now, 5)
        state, granted_at = moments.state, now
        for delay_s in moments.delays_s:
            at = granted_at + delay_s
            while outsider and outsider[0] <= at:
                bucket.take(outsider.pop(0))
            if bucket.take(at):
                accepted.append(at)
            else:
                n_refused += 1
                state = throttle(slow_down(state, at, granted_at), CLAY, at, 1.0)
                break
        now = granted_at + (moments.delays_s[-1] if moments.delays_s else moments.wait_s)
        now = max(now, granted_at + 0.01)
    beside = sum(START + 10 <= at < START + 25 for at in accepted) / 15
    later = sum(START + 50 <= at < START + 60 for at in accepted) / 10
    assert beside >= 0.7 * 5
    assert n_refused <= 20
    assert later >= 0.95 * 10


@given(requests, st.integers(1, 30))
def test_what_counts_as_unused_leaves_half_the_burst_at_once(
    before: list[tuple[float, int]], n: int
) -> None:
    state, now = PaceState(), START
    for gap_s, wanted in before:
        now += gap_s
        state = take_moments(state, CLAY, now, wanted).state
    n_unused = min(count_unused(state, CLAY, now), n)
    after = take_moments(state, CLAY, now, n_unused).state if n_unused else state
    if n_unused:
        at_once = [d for d in take_moments(after, CLAY, now, 8).delays_s if d <= ROUNDING_S]
        assert len(at_once) == 8
