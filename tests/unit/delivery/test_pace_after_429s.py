"""How does a workspace slow down after a 429, and come back?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.scenes.fakes import TokenBucket
from support.scenes.pace_scene import CLAY, ROUNDING_S, START, lateness, rates, requests

from clayload.delivery.pace import (
    FASTER_PER_S,
    HORIZON_S,
    LEAST_PART,
    PaceState,
    Rate,
    slow_down,
    take_moments,
    throttle,
)


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
