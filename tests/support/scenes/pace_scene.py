"""At which rates, and how, are moments asked for?

In:    nothing.
Out:   strategies that draw rates and requests, and the moments at which late leads are sent.
Never: a clock: a test gives the time.
"""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from clayload.delivery.pace import PaceState, Rate, take_moments

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
lateness = st.lists(st.floats(0, 1), min_size=1, max_size=50)


def send_late(rate: Rate, asked: Sequence[tuple[float, int]], late: Sequence[float]) -> list[float]:
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
