"""Can any run of requests for moments overrun the rate, starve, or freeze the workspace?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.scenes.fakes import TokenBucket
from support.scenes.pace_scene import CLAY, ROUNDING_S, START, lateness, rates, requests, send_late

from clayload.delivery.pace import HORIZON_S, PaceState, Rate, count_unused, take_moments


@given(rates, requests, lateness)
def test_a_token_bucket_like_clays_never_says_no(
    rate: Rate, asked: list[tuple[float, int]], late: list[float]
) -> None:
    bucket = TokenBucket(rate.per_s, rate.burst)
    assert all(bucket.take(at) for at in send_late(rate, asked, late))


@given(requests, lateness)
def test_no_window_holds_more_than_burst_and_rate_times_its_length(
    asked: list[tuple[float, int]], late: list[float]
) -> None:
    sent = send_late(CLAY, asked, late)
    for first, begin in enumerate(sent):
        for last, end in enumerate(sent[first:], first):
            assert last - first + 1 <= CLAY.burst + CLAY.per_s * (end - begin + ROUNDING_S)


def test_one_late_lead_more_than_the_margin_would_overrun_the_bucket() -> None:
    """The bound is tight: the law above does not hold by a mile for some other reason."""
    asked = [(0.0, 100), (1.0, 100), (1.0, 100), (1.0, 100)]
    sent = send_late(CLAY, asked, [0.0])
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
    assert all(bucket.take(at) for at in send_late(rate, asked, late))


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
