"""Is the rate divided by weight, with nobody starved and no moment left unused?"""

from __future__ import annotations

import heapq
import itertools
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.examples import dear
from support.scenes.fakes import WEIGHTS, workspace_at

from clayload.delivery.fair_share import WAIT_FOR_TURN_S, FairShare, FairShares
from clayload.delivery.grant import (
    HELD_WAIT_S,
    Reservation,
    SlotSnapshot,
    TableSnapshot,
    Wait,
    reserve,
)
from clayload.delivery.pace import PaceState
from clayload.model import Priority

HIGH, NORMAL, LOW = Priority.HIGH, Priority.NORMAL, Priority.LOW
START = 1_790_000_000.0
TABLE = TableSnapshot(0, 10**9, [SlotSnapshot("tech-1", 0, 10**9)])


class Rush:
    """Chunks of several priorities that ask one workspace for leads, as the sending loop does.

    `answers_in_s`: how long the destination takes to answer each of them.
    """

    def __init__(self, answers_in_s: float = 0.05) -> None:
        self.at = workspace_at(START)
        self.answers_in_s = answers_in_s
        self.n_granted: Counter[Priority] = Counter()
        self.n_at: list[tuple[float, Priority]] = []
        self._asks: list[tuple[float, int, Priority, float]] = []
        self._n = 0

    def join(self, priority: Priority, at_s: float = 0.0, until_s: float = 1e9) -> None:
        self._n += 1
        heapq.heappush(self._asks, (START + at_s, self._n, priority, START + until_s))

    def run(self, for_s: float) -> Counter[Priority]:
        """Let time pass; returns the leads granted to each priority meanwhile."""
        before, until = self.n_granted.copy(), self._asks[0][0] + for_s
        while self._asks and self._asks[0][0] < until:
            now, who, priority, leaves_at = heapq.heappop(self._asks)
            if now >= leaves_at:
                self._keep(priority, self.at.shares.gone(priority))
                continue
            heapq.heappush(self._asks, (now + self._ask(now, priority), who, priority, leaves_at))
        return self.n_granted - before

    def _ask(self, now: float, priority: Priority) -> float:
        self.at = replace(self.at, now=now)
        answer = reserve(self.at, TABLE, priority, 10)
        if isinstance(answer, Wait):
            share = self.at.shares.waiting(priority, now, answer.wait_s)
            self._keep(priority, share)
            return max(answer.wait_s, 0.001)
        assert isinstance(answer, Reservation)
        self.at = replace(self.at, pace=answer.pace)
        self._keep(priority, answer.share)
        self.n_granted[priority] += len(answer.delays_s)
        self.n_at += [(now + delay_s, priority) for delay_s in answer.delays_s]
        return answer.delays_s[-1] + self.answers_in_s

    def _keep(self, priority: Priority, share: FairShare) -> None:
        of: Mapping[Priority, FairShare] = {**self.at.shares.of, priority: share}
        self.at = replace(self.at, shares=replace(self.at.shares, of=of))


def test_alone_a_low_priority_has_the_whole_rate() -> None:
    rush = Rush()
    rush.join(LOW)
    assert rush.run(60)[LOW] == pytest.approx(18 + 600, rel=0.02)


@pytest.mark.parametrize("n_low", [1, 4, 16])
@pytest.mark.parametrize("answers_in_s", [0.05, 0.3])
def test_together_the_rate_is_divided_by_weight_and_used_whole(
    n_low: int, answers_in_s: float
) -> None:
    rush = Rush(answers_in_s)
    for _ in range(n_low):
        rush.join(LOW)
    for _ in range(4):
        rush.join(HIGH)
    rush.run(10)
    n = rush.run(100)
    assert n.total() == pytest.approx(1_000, rel=0.03)
    assert n[LOW] == pytest.approx(1_000 / 9, rel=0.25)


@pytest.mark.parametrize("n_low", [1, 16])
@pytest.mark.parametrize("answers_in_s", [1.0, 4.0])
def test_slow_answers_leave_no_moment_unused_and_the_high_priority_first(
    n_low: int, answers_in_s: float
) -> None:
    rush = Rush(answers_in_s)
    for priority in [LOW] * n_low + [HIGH] * 8:
        rush.join(priority)
    rush.run(10)
    n = rush.run(100)
    assert n.total() == pytest.approx(1_000, rel=0.03)
    assert n[HIGH] > 0.75 * n.total()
    assert n[LOW] > 10


def test_three_priorities_share_eight_to_three_to_one() -> None:
    rush = Rush()
    for priority in (HIGH, NORMAL, LOW) * 3:
        rush.join(priority)
    rush.run(10)
    n = rush.run(120)
    assert [n[p] / n.total() for p in (HIGH, NORMAL, LOW)] == pytest.approx(
        [8 / 12, 3 / 12, 1 / 12], abs=0.04
    )


def test_a_high_priority_that_comes_late_passes_a_running_backlog_within_a_second() -> None:
    rush = Rush()
    for _ in range(4):
        rush.join(LOW)
    rush.run(100)
    for _ in range(2):
        rush.join(HIGH, at_s=100)
    rush.run(20)
    of_high = sorted(at - START - 100 for at, priority in rush.n_at if priority is HIGH)
    assert of_high[0] < 1
    assert of_high[49] < 1 + 50 / (10 * 8 / 9)


def test_once_the_high_priority_is_through_the_backlog_has_the_whole_rate_again() -> None:
    rush = Rush()
    for _ in range(4):
        rush.join(LOW)
    rush.join(HIGH, until_s=30)
    rush.run(31)
    assert rush.run(60)[LOW] == pytest.approx(600, rel=0.03)


def test_silence_earns_no_credit_and_being_alone_leaves_no_debt() -> None:
    rush = Rush()
    rush.join(LOW)
    rush.run(1_000)
    rush.join(HIGH, at_s=1_000)
    rush.join(LOW, at_s=1_000)
    rush.run(5)
    n = rush.run(100)
    assert n[LOW] > 0.08 * n.total()
    assert n[HIGH] > 0.8 * n.total()


@dear(15)
@given(
    st.lists(
        st.tuples(st.sampled_from(Priority), st.floats(0, 60), st.floats(1, 60)),
        min_size=1,
        max_size=8,
    ),
    st.floats(0.01, 3),
)
def test_whoever_comes_and_goes_nobody_waits_for_more_than_a_few_seconds(
    chunks: list[tuple[Priority, float, float]], answers_in_s: float
) -> None:
    rush = Rush(answers_in_s)
    for priority, at_s, for_s in chunks:
        rush.join(priority, at_s, at_s + for_s)
    rush.join(LOW)
    rush.run(150)
    of_low = [at for at, priority in sorted(rush.n_at) if priority is LOW]
    gaps_s = [b - a for a, b in itertools.pairwise(of_low)]
    # At 10/s a low weight of 1 beside 8 and 3 is a lead in 1.2 s, plus what an answer takes.
    assert max(gaps_s) < 4 + 2 * answers_in_s


@given(
    st.dictionaries(
        st.sampled_from(Priority),
        st.builds(FairShare, st.floats(0, 1e9), st.floats(START - 10, START + 10)),
    ),
    st.sampled_from(Priority),
    st.integers(1, 100),
)
def test_who_is_furthest_behind_always_gets_a_lead(
    known: dict[Priority, FairShare], asker: Priority, n: int
) -> None:
    shares = FairShares({**dict.fromkeys(Priority, FairShare()), **known}, WEIGHTS, 10.0)
    n_allowed = shares.allow(asker, START, n)
    assert 0 <= n_allowed <= n
    others = [s for p, s in shares.of.items() if p is not asker and s.present_until > START]
    if all(shares.of[asker].served <= other.served for other in others):
        assert n_allowed >= 1


def test_a_held_workspace_grants_nobody() -> None:
    held = replace(workspace_at(START), is_paused=True)
    assert reserve(held, TABLE, HIGH, 10) == Wait(HELD_WAIT_S)


def test_a_priority_that_must_let_others_pass_asks_again_soon() -> None:
    shares = {HIGH: FairShare(0.0, START + 1), NORMAL: FairShare(), LOW: FairShare(5.0, START + 1)}
    at = replace(
        workspace_at(START, PaceState(tat=START + 1.5)), shares=FairShares(shares, WEIGHTS, 10.0)
    )
    assert reserve(at, TABLE, LOW, 10) == Wait(WAIT_FOR_TURN_S)
