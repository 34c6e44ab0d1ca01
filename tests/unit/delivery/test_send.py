"""Does a chunk go out at its moments, and stop where it must? All in virtual time."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.examples import dear
from support.scenes.fakes import FakeDestination, TokenBucket, VirtualClock, run_virtually
from support.scenes.send_scene import TOO_MANY, Scene, script

from clayload.delivery.grant import Finished, Grant, GrantAnswer, GrantedLead, Verdicts, Wait
from clayload.delivery.pace import Rate
from clayload.delivery.payload import LIMIT_BYTES
from clayload.delivery.send import ChunkDelivery, Pacing
from clayload.delivery.verdict import Answer, Answered, AnswerLost
from clayload.errors import DestinationDownError


def test_every_lead_goes_once_in_order_at_its_granted_moment() -> None:
    scene = Scene(n=60)
    assert scene.run() == {"delivered": 60}
    assert [key for _, _, key in scene.destination.sent] == scene.ledger.keys
    granted_at = [
        at + lead.delay_s
        for at, answer in scene.ledger.grants
        if isinstance(answer, Grant)
        for lead in answer.leads
    ]
    assert scene.sent_at == pytest.approx(granted_at, abs=1e-6)


def test_the_burst_goes_at_once_and_the_rest_at_the_rate() -> None:
    scene = Scene(n=200)
    scene.run()
    assert sum(at < 0.05 for at in scene.sent_at) == 18
    assert scene.sent_at[-1] == pytest.approx((200 - 18) / 10, rel=0.01)


@dear(20)
@given(
    st.integers(1, 80),
    st.floats(0, 3),
    st.integers(1, 10),
    st.dictionaries(
        st.integers(0, 79).map("lead-{}".format),
        st.lists(
            st.sampled_from([TOO_MANY, AnswerLost("reset"), Answered(400, {}, "")]), max_size=3
        ),
        max_size=8,
    ),
)
def test_whatever_clay_answers_the_rate_and_the_books_hold(
    n: int, latency_s: float, requests_per_chunk: int, script: dict[str, list[Answer]]
) -> None:
    destination = FakeDestination(latency_s, script)
    scene = Scene(n=n, destination=destination, pacing=Pacing(10, requests_per_chunk))
    try:
        counts = scene.run()
    except DestinationDownError:
        # Doubt after doubt: it gave up, and the rest is owed.
        assert "pending" in scene.ledger.state_of.values()
        counts = scene.counts
    bucket = TokenBucket(10.0, 20)
    assert all(bucket.take(at) for at in scene.sent_at)
    ended = Counter(scene.ledger.state_of.values())
    assert ended.total() == n
    n_owed = ended.pop("pending", 0)
    assert not n_owed or ended["in_doubt"] >= 5
    assert set(ended) <= {"delivered", "refused", "in_doubt"}
    assert {kind: counts[kind] for kind in ended} == ended
    assert scene.ledger.slots[0].used == ended["delivered"] + ended["in_doubt"]
    assert destination.most_in_flight <= requests_per_chunk


def test_no_more_requests_are_in_flight_than_allowed() -> None:
    scene = Scene(n=40, destination=FakeDestination(0.5), pacing=Pacing(10, 3))
    assert scene.run()["delivered"] == 40
    assert scene.destination.most_in_flight == 3


@dataclass
class _OneGrant:
    """A ledger that gives one grant of leads that are due now, and then is finished."""

    keys: Sequence[str]
    lateness_s: float
    age_s: float = 0.0
    recorded: list[Verdicts] = field(default_factory=list)
    departed: list[str] = field(default_factory=list)

    async def grant(self, n: int, verdicts: Verdicts) -> GrantAnswer:
        assert n >= 1
        if verdicts:
            self.recorded.append(verdicts)
            return Finished()
        leads = tuple(GrantedLead(i, key, 0.0) for i, key in enumerate(self.keys))
        given_at = VirtualClock().monotonic() - self.age_s
        return Grant("grant-1", "tech-1", leads, self.lateness_s, given_at)

    def depart(self, lead: GrantedLead) -> None:
        self.departed.append(lead.lead_key)

    async def record(self, verdicts: Verdicts) -> None:
        self.recorded.append(verdicts)

    async def throttle(self, throttle_s: float) -> None:
        raise AssertionError(throttle_s)


def _send_one_grant(
    ledger: _OneGrant, destination: FakeDestination, requests_per_chunk: int
) -> None:
    bodies = {key: key.encode() for key in ledger.keys}
    delivery = ChunkDelivery(
        bodies, ledger, destination, VirtualClock(), Pacing(10, requests_per_chunk)
    )
    run_virtually(delivery.run())


def test_a_lead_whose_moment_has_passed_is_not_sent_and_stays_owed() -> None:
    # Two in flight for 0.3 s each: the third and fourth get their turn 0.3 s late.
    ledger = _OneGrant(["a", "b", "c", "d"], lateness_s=0.2)
    destination = FakeDestination(0.3)
    _send_one_grant(ledger, destination, requests_per_chunk=2)
    assert [key for _, _, key in destination.sent] == ledger.departed == ["a", "b"]
    verdicts = {lead.lead_key: verdict for lead, verdict in ledger.recorded[0]}
    assert [verdicts[key].kind for key in "abcd"] == ["delivered"] * 2 + ["retry"] * 2
    assert verdicts["c"].reason == "its moment had passed"
    assert not verdicts["c"].is_attempt


def test_a_lead_that_is_late_within_the_margin_is_sent() -> None:
    ledger = _OneGrant(["a", "b", "c", "d"], lateness_s=0.31)
    destination = FakeDestination(0.3)
    _send_one_grant(ledger, destination, requests_per_chunk=2)
    assert [key for _, _, key in destination.sent] == ["a", "b", "c", "d"]


@pytest.mark.parametrize(("age_s", "is_sent"), [(0.1, True), (0.25, False)])
def test_the_time_it_took_to_give_the_grant_counts_as_lateness(
    age_s: float, *, is_sent: bool
) -> None:
    ledger = _OneGrant(["a"], lateness_s=0.2, age_s=age_s)
    destination = FakeDestination()
    _send_one_grant(ledger, destination, requests_per_chunk=1)
    assert bool(destination.sent) == is_sent


def test_an_oversize_lead_is_refused_without_a_post_and_not_charged() -> None:
    scene = Scene(n=10, too_large=["lead-4"])
    assert scene.run() == {"delivered": 9, "refused": 1}
    assert len(scene.destination.sent) == 9
    assert scene.ledger.slots[0].used == 9


def test_a_body_of_exactly_the_limit_is_sent() -> None:
    scene = Scene(n=1)
    scene.bodies["lead-0"] = b"x" * LIMIT_BYTES
    assert scene.run() == {"delivered": 1}


@dataclass
class _Waiting:
    asked_at: list[float] = field(default_factory=list)

    async def grant(self, n: int, verdicts: Verdicts) -> GrantAnswer:
        assert (n, verdicts) == (10, ())
        self.asked_at.append(asyncio.get_running_loop().time())
        return Wait(2.5) if len(self.asked_at) < 3 else Finished()

    async def record(self, verdicts: Verdicts) -> None:
        raise AssertionError(verdicts)

    def depart(self, lead: GrantedLead) -> None:
        raise AssertionError(lead)

    async def throttle(self, throttle_s: float) -> None:
        raise AssertionError(throttle_s)


def test_told_to_wait_it_asks_again_after_just_that_time() -> None:
    ledger = _Waiting()
    delivery = ChunkDelivery({}, ledger, FakeDestination(), VirtualClock())
    assert run_virtually(delivery.run()) == {}
    assert ledger.asked_at == [0.0, 2.5, 5.0]


def test_a_slow_destination_is_asked_moments_for_only_as_it_can_use() -> None:
    """Two in flight for 0.3 s each are 6.7 a second: the other moments must not be wasted."""
    scene = Scene(n=60, destination=FakeDestination(0.3), pacing=Pacing(10, 2))
    scene.run()
    n_unused = sum(not verdict.was_sent for _, verdict in scene.ledger.recorded)
    assert n_unused < 0.3 * (60 + n_unused)
    n_asked = [len(g.leads) for _, g in scene.ledger.grants if isinstance(g, Grant)]
    assert n_asked[0] == 10
    assert max(n_asked[2:]) < 10


def test_halted_once_it_asks_for_one_more_each_time_until_whole_grants_again() -> None:
    destination = FakeDestination(0.01, script("lead-0", TOO_MANY))
    scene = Scene(n=100, rate=Rate(100.0, 200), destination=destination, pacing=Pacing(10, 1))
    scene.run()
    n_granted = [len(g.leads) for _, g in scene.ledger.grants if isinstance(g, Grant)]
    assert n_granted[:11] == [10, *range(1, 11)]
