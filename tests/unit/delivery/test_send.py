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
from support.scenes.fakes import (
    FakeDestination,
    FakeLedger,
    TokenBucket,
    VirtualClock,
    run_virtually,
)

from clayload.delivery.grant import (
    Finished,
    Grant,
    GrantAnswer,
    GrantedLead,
    SlotSnapshot,
    SlotState,
    Verdicts,
    Wait,
)
from clayload.delivery.health import Health, Outage
from clayload.delivery.pace import Rate
from clayload.delivery.payload import LIMIT_BYTES
from clayload.delivery.send import STOP_GRACE_S, ChunkDelivery, Pacing
from clayload.delivery.stop import Stop
from clayload.delivery.verdict import (
    Answer,
    Answered,
    AnswerLost,
    NotConnected,
    VerdictKind,
)
from clayload.errors import (
    CapacityExhaustedError,
    Code,
    DestinationDownError,
    LedgerError,
    SlotRejectedError,
)

TOO_MANY = Answered(429, {"retry-after": "3"}, "")
LIMIT_REACHED = Answered(403, {}, "Record limit reached for webhook")
REFUSED = NotConnected("ConnectError: refused")
FULL = LedgerError(Code.LEDGER_WRITE_FAILED, "the disk is full", hint="free some space")


@dataclass
class Scene:
    """A chunk of `n` leads, its ledger and its destination, ready to run."""

    n: int = 10
    rate: Rate = field(default_factory=lambda: Rate(10.0, 20))
    slots: Sequence[SlotSnapshot] = (SlotSnapshot("tech-1", 0, 45_000),)
    row_limit: int = 50_000
    destination: FakeDestination = field(default_factory=FakeDestination)
    pacing: Pacing = field(default_factory=Pacing)
    too_large: Sequence[str] = ()
    counts: Counter[str] = field(default_factory=Counter)
    stop: Stop = field(default_factory=Stop)
    health: Health = field(default_factory=Health)

    def __post_init__(self) -> None:
        keys = [f"lead-{i}" for i in range(self.n)]
        now = VirtualClock().monotonic
        self.ledger = FakeLedger(keys, now, self.rate, list(self.slots), self.row_limit)
        self.bodies = {
            key: b"x" * (LIMIT_BYTES + 1) if key in self.too_large else key.encode() for key in keys
        }

    async def deliver(self) -> Counter[str]:
        return await ChunkDelivery(
            self.bodies,
            self.ledger,
            self.destination,
            VirtualClock(),
            self.pacing,
            self.counts,
            self.stop,
            self.health,
        ).run()

    def run(self) -> Counter[str]:
        return run_virtually(self.deliver())

    @property
    def sent_at(self) -> list[float]:
        return [at for at, _, _ in self.destination.sent]

    def verdicts_of(self, key: str) -> list[VerdictKind]:
        return [verdict.kind for sent_key, verdict in self.ledger.recorded if sent_key == key]


def _script(key: str, *answers: Answer) -> dict[str, Sequence[Answer]]:
    return {key: answers}


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


def test_a_429_halts_the_grant_pauses_the_workspace_and_costs_no_lead_anything() -> None:
    destination = FakeDestination(0.01, _script("lead-2", TOO_MANY))
    scene = Scene(n=30, destination=destination, pacing=Pacing(10, 1))
    scene.run()
    assert scene.verdicts_of("lead-2") == ["retry", "delivered"]
    unsent = [(k, v) for k, v in scene.ledger.recorded if not v.was_sent]
    assert [key for key, _ in unsent] == [f"lead-{i}" for i in range(3, 10)]
    assert not any(verdict.is_attempt or verdict.is_charged for _, verdict in unsent)
    reported_at = scene.sent_at[2]
    assert all(at >= reported_at + 3.0 for at in scene.sent_at[3:])
    assert set(scene.ledger.state_of.values()) == {"delivered"}


def test_after_a_429_sending_goes_on_at_the_plain_rate_without_a_burst() -> None:
    destination = FakeDestination(0.01, _script("lead-2", TOO_MANY))
    scene = Scene(n=30, destination=destination, pacing=Pacing(10, 1))
    scene.run()
    gaps_s = [b - a for a, b in zip(scene.sent_at[3:], scene.sent_at[4:], strict=False)]
    assert min(gaps_s) >= 0.1 - 1e-6


def test_a_429_silences_the_workspace_while_slower_answers_of_its_grant_are_still_out() -> None:
    class _SlowFirst(FakeDestination):
        async def submit(self, slot: str, body: bytes) -> Answer:
            await asyncio.sleep(12 if body == b"lead-0" else 0)
            return await super().submit(slot, body)

    scene = Scene(n=10, destination=_SlowFirst(0.01, _script("lead-3", TOO_MANY)))
    scene.run()
    assert scene.ledger.silenced == [(pytest.approx(0.01, abs=0.01), 3.0)]
    assert set(scene.ledger.state_of.values()) == {"delivered"}


def test_many_429s_of_one_grant_silence_once_unless_one_asks_for_longer() -> None:
    longer = Answered(429, {"retry-after": "9"}, "")
    storm = {"lead-1": [TOO_MANY], "lead-2": [TOO_MANY], "lead-3": [longer]}
    scene = Scene(n=10, destination=FakeDestination(0.01, storm))
    scene.run()
    assert [throttle_s for _, throttle_s in scene.ledger.silenced] == [3.0, 9.0]
    assert scene.sent_at[-1] >= 9.0


def test_429s_are_never_given_up_on() -> None:
    storm = dict.fromkeys([f"lead-{i}" for i in range(5)], [TOO_MANY] * 20)
    scene = Scene(n=5, destination=FakeDestination(0.01, storm))
    assert scene.run()["delivered"] == 5


def test_a_used_up_slot_gives_way_to_the_next_in_the_very_next_grant() -> None:
    slots = [SlotSnapshot("tech-1", 0, 45_000), SlotSnapshot("tech-2", 0, 45_000)]
    destination = FakeDestination(0.01, _script("lead-3", LIMIT_REACHED))
    scene = Scene(n=20, slots=slots, destination=destination, pacing=Pacing(10, 1))
    scene.run()
    through = Counter(slot for _, slot, _ in destination.sent)
    assert through == {"tech-1": 4, "tech-2": 17}
    assert [slot.used for slot in scene.ledger.slots] == [3, 17]
    assert scene.verdicts_of("lead-3") == ["retry", "delivered"]
    assert not any(verdict.is_attempt for _, verdict in scene.ledger.recorded if not verdict.status)


def test_when_all_slots_are_used_up_the_rest_stays_pending_and_the_error_has_the_figures() -> None:
    slots = [SlotSnapshot("tech-1", 44_990, 45_000)]
    scene = Scene(n=30, slots=slots)
    with pytest.raises(CapacityExhaustedError, match=r"tech-1 45,000 of 45,000") as caught:
        scene.run()
    assert caught.value.code is Code.SLOTS_USED_UP
    assert Counter(scene.ledger.state_of.values()) == {"delivered": 10, "pending": 20}


def test_a_full_table_stops_with_its_own_code() -> None:
    scene = Scene(n=30, row_limit=12)
    with pytest.raises(CapacityExhaustedError, match=r"12 of 12 rows") as caught:
        scene.run()
    assert caught.value.code is Code.TABLE_FULL
    assert Counter(scene.ledger.state_of.values()) == {"delivered": 12, "pending": 18}


def test_slots_clay_refuses_stop_the_table_after_one_lead() -> None:
    answers = {f"lead-{i}": (Answered(401, {}, ""),) for i in range(30)}
    destination = FakeDestination(0.01, answers)
    scene = Scene(n=30, destination=destination, pacing=Pacing(10, 1))
    with pytest.raises(SlotRejectedError, match=r"slot answers 401") as caught:
        scene.run()
    assert caught.value.code is Code.SLOTS_SUSPENDED
    assert len(destination.sent) == 1
    assert scene.ledger.slots[0] == SlotSnapshot(
        "tech-1", 0, 45_000, SlotState.SUSPENDED, "slot answers 401"
    )
    assert set(scene.ledger.state_of.values()) == {"pending"}


def test_lead_after_lead_refused_alike_blames_the_slot_and_spares_the_rest() -> None:
    answers = {f"lead-{i}": (Answered(400, {}, "no"),) for i in range(50)}
    scene = Scene(n=50, destination=FakeDestination(0.01, answers))
    with pytest.raises(SlotRejectedError, match=r"refused 20 leads in a row with 400"):
        scene.run()
    assert Counter(scene.ledger.state_of.values()) == {"refused": 20, "pending": 30}


def test_a_delivered_lead_between_refused_ones_clears_the_slot_of_blame() -> None:
    answers = {f"lead-{i}": (Answered(400, {}, "no"),) for i in range(50) if i % 10}
    scene = Scene(n=50, destination=FakeDestination(0.01, answers))
    assert scene.run() == {"delivered": 5, "refused": 45}


def test_no_connection_backs_off_5_then_10_s_and_the_third_time_gives_the_chunk_back() -> None:
    answers = dict.fromkeys([f"lead-{i}" for i in range(30)], [REFUSED] * 9)
    destination = FakeDestination(0.01, answers)
    scene = Scene(n=30, destination=destination, pacing=Pacing(10, 1))
    with pytest.raises(DestinationDownError, match=r"nothing accepted in 3 attempts") as caught:
        scene.run()
    assert caught.value.code is Code.DESTINATION_DOWN
    first, second, third = scene.sent_at
    assert 5 * 0.5 <= second - first <= 5 * 1.5 + 1
    assert 10 * 0.5 <= third - second <= 10 * 1.5 + 1
    assert set(scene.ledger.state_of.values()) == {"pending"}
    assert scene.ledger.slots[0].used == 0


def test_no_connection_halts_the_rest_of_the_grant_which_uses_no_attempt() -> None:
    destination = FakeDestination(0.01, _script("lead-0", REFUSED))
    scene = Scene(n=10, destination=destination, pacing=Pacing(10, 1))
    scene.run()
    first_round = scene.ledger.recorded[:10]
    assert [verdict.is_attempt for _, verdict in first_round] == [True] + [False] * 9
    assert {verdict.reason for _, verdict in first_round} == {REFUSED.reason}
    assert set(scene.ledger.state_of.values()) == {"delivered"}


def test_two_failed_grants_then_a_good_one_start_the_count_anew() -> None:
    down_twice = {"lead-0": [REFUSED] * 2, "lead-15": [REFUSED] * 2}
    scene = Scene(n=20, destination=FakeDestination(0.01, down_twice), pacing=Pacing(10, 1))
    assert scene.run()["delivered"] == 20


def test_a_lost_answer_is_in_doubt_and_not_sent_again() -> None:
    scene = Scene(n=10, destination=FakeDestination(0.01, _script("lead-4", AnswerLost("reset"))))
    assert scene.run() == {"delivered": 9, "in_doubt": 1}
    assert len(scene.destination.sent) == 10


BROKEN = Answered(503, {}, "")


def test_three_doubts_in_a_row_and_it_rests_then_asks_with_a_single_lead() -> None:
    broken = dict.fromkeys([f"lead-{i}" for i in range(4)], (BROKEN,))
    scene = Scene(n=40, destination=FakeDestination(0.01, broken), pacing=Pacing(10, 1))
    assert scene.run() == {"delivered": 36, "in_doubt": 4, "retry": 7}
    third, fourth, fifth = scene.sent_at[2:5]
    assert 5 * 0.5 <= fourth - third <= 5 * 1.5 + 1
    assert 10 * 0.5 <= fifth - fourth <= 10 * 1.5 + 1


def test_a_clay_that_stays_broken_costs_five_doubts_not_hundreds() -> None:
    broken = dict.fromkeys([f"lead-{i}" for i in range(300)], (BROKEN,))
    scene = Scene(n=300, destination=FakeDestination(0.01, broken), pacing=Pacing(10, 1))
    with pytest.raises(DestinationDownError, match=r"nothing accepted in 3 attempts: the server"):
        scene.run()
    assert Counter(scene.ledger.state_of.values()) == {"in_doubt": 5, "pending": 295}


def test_what_one_chunk_has_found_out_costs_the_others_single_leads_only() -> None:
    outage = Outage()
    lost = {f"lead-{i}": (AnswerLost("reset"),) for i in range(300)}
    first = Scene(n=300, destination=FakeDestination(0.01, lost), health=Health(outage))
    with pytest.raises(DestinationDownError):
        first.run()
    second = Scene(n=300, destination=FakeDestination(0.01, lost), health=Health(outage))
    with pytest.raises(DestinationDownError):
        second.run()
    assert Counter(second.ledger.state_of.values()) == {"in_doubt": 3, "pending": 297}


def test_one_lead_delivered_ends_the_trouble_for_all_chunks() -> None:
    outage = Outage(is_known=True)
    scene = Scene(n=40, health=Health(outage))
    assert scene.run() == {"delivered": 40}
    n_granted = [len(g.leads) for _, g in scene.ledger.grants if isinstance(g, Grant)]
    assert n_granted[:2] == [1, 10]
    assert not outage.is_known


def test_after_doubts_a_grant_whose_moments_had_passed_is_no_further_failure() -> None:
    class _Late(FakeLedger):
        """Gives the second to the fifth grant so late that nothing of them may be sent."""

        async def grant(self, n: int, verdicts: Verdicts) -> GrantAnswer:
            answer = await super().grant(n, verdicts)
            n_grants = sum(isinstance(given, Grant) for _, given in self.grants)
            if isinstance(answer, Grant) and 2 <= n_grants <= 5:
                await asyncio.sleep(2)
            return answer

    broken = dict.fromkeys([f"lead-{i}" for i in range(3)], (BROKEN,))
    scene = Scene(n=20, destination=FakeDestination(0.01, broken), pacing=Pacing(10, 1))
    scene.ledger = _Late(scene.ledger.keys, scene.ledger.now)
    scene.run()
    assert Counter(scene.ledger.state_of.values()) == {"delivered": 17, "in_doubt": 3}


def test_doubts_among_other_answers_stop_nobody() -> None:
    broken = dict.fromkeys([f"lead-{i}" for i in range(60) if i % 3], (BROKEN,))
    scene = Scene(n=60, destination=FakeDestination(0.01, broken), pacing=Pacing(10, 1))
    assert scene.run() == {"delivered": 20, "in_doubt": 40}
    assert scene.sent_at[-1] < 5


def test_an_oversize_lead_is_refused_without_a_post_and_not_charged() -> None:
    scene = Scene(n=10, too_large=["lead-4"])
    assert scene.run() == {"delivered": 9, "refused": 1}
    assert len(scene.destination.sent) == 9
    assert scene.ledger.slots[0].used == 9


def test_each_lead_is_noted_before_it_goes_on_the_wire_and_no_other() -> None:
    scene = Scene(n=12, too_large=["lead-4"])
    noted: list[int] = []

    class _Watching(FakeDestination):
        async def submit(self, slot: str, body: bytes) -> Answer:
            noted.append(scene.ledger.departed.count(body.decode()))
            return await super().submit(slot, body)

    scene.destination = _Watching()
    scene.run()
    assert noted == [1] * 11
    assert "lead-4" not in scene.ledger.departed


def test_a_body_of_exactly_the_limit_is_sent() -> None:
    scene = Scene(n=1)
    scene.bodies["lead-0"] = b"x" * LIMIT_BYTES
    assert scene.run() == {"delivered": 1}


def test_cancelled_what_is_known_is_recorded_and_only_what_started_is_in_doubt() -> None:
    # lead-0 answered, lead-1 under way, the others waiting for their turn.
    scene = Scene(n=10, destination=FakeDestination(0.15), pacing=Pacing(10, 1))

    async def cancel_midway() -> None:
        task = asyncio.create_task(scene.deliver())
        await asyncio.sleep(0.2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run_virtually(cancel_midway())
    states = scene.ledger.state_of
    assert (states["lead-0"], states["lead-1"]) == ("delivered", "in_doubt")
    assert Counter(states.values()) == {"delivered": 1, "in_doubt": 1, "pending": 8}
    assert scene.ledger.slots[0].used == 2


def test_cancelled_while_waiting_nothing_is_left_open() -> None:
    scene = Scene(n=200)

    async def cancel_midway() -> None:
        task = asyncio.create_task(scene.deliver())
        await asyncio.sleep(4.03)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run_virtually(cancel_midway())
    assert set(scene.ledger.state_of.values()) == {"delivered", "pending"}
    assert len(scene.destination.sent) == Counter(scene.ledger.state_of.values())["delivered"]


def _stop_at(scene: Scene, at_s: float) -> float:
    """Deliver, say stop at a moment; gives when it ended. A second word changes nothing."""

    async def stop_midway() -> float:
        task = asyncio.create_task(scene.deliver())
        await asyncio.sleep(at_s)
        scene.stop.ask()
        await asyncio.sleep(0.1)
        scene.stop.ask()
        await task
        return asyncio.get_running_loop().time()

    return run_virtually(stop_midway())


def test_told_to_stop_a_chunk_finishes_its_grant_records_it_and_asks_for_no_other() -> None:
    scene = Scene(n=200, destination=FakeDestination(0.3))
    assert _stop_at(scene, 4.03) < 5.0
    assert set(scene.ledger.state_of.values()) == {"delivered", "pending"}
    assert len(scene.destination.sent) == Counter(scene.ledger.state_of.values())["delivered"]
    assert max(at for at, _ in scene.ledger.grants) <= 4.03


def test_told_to_stop_while_clay_asks_for_silence_it_ends_at_once() -> None:
    quiet = Answered(429, {"retry-after": "300"}, "")
    scene = Scene(n=30, destination=FakeDestination(0.01, _script("lead-2", quiet)))
    assert _stop_at(scene, 5.0) == pytest.approx(5.1)
    assert "sending" not in scene.ledger.state_of.values()


def test_told_to_stop_in_a_back_off_it_ends_at_once() -> None:
    down = dict.fromkeys([f"lead-{i}" for i in range(30)], [REFUSED] * 9)
    scene = Scene(n=30, destination=FakeDestination(0.01, down), pacing=Pacing(10, 1))
    assert _stop_at(scene, 2.0) == pytest.approx(2.1)
    assert set(scene.ledger.state_of.values()) == {"pending"}


def test_told_to_stop_it_waits_for_answers_so_long_and_no_longer() -> None:
    scene = Scene(n=5, destination=FakeDestination(30.0))
    assert _stop_at(scene, 1.0) == pytest.approx(1.0 + STOP_GRACE_S)
    assert scene.counts == {"in_doubt": 5}
    assert set(scene.ledger.state_of.values()) == {"in_doubt"}


def test_told_to_stop_as_its_grant_is_given_it_waits_for_answers_no_longer_either() -> None:
    scene = Scene(n=5, destination=FakeDestination(30.0))
    scene.ledger.grant_takes_s = 12.0
    assert _stop_at(scene, 10.0) == pytest.approx(10.0 + STOP_GRACE_S)
    assert set(scene.ledger.state_of.values()) == {"in_doubt"}


def test_a_chunk_that_begins_after_the_word_to_stop_asks_for_nothing() -> None:
    scene = Scene(n=5)

    async def stop_first() -> Counter[str]:
        scene.stop.ask()
        return await scene.deliver()

    assert run_virtually(stop_first()) == {}
    assert scene.ledger.grants == []


class _BrokenDestination(FakeDestination):
    async def submit(self, slot: str, body: bytes) -> Answer:
        if body == b"lead-3":
            raise RuntimeError("a fault of our own")
        return await super().submit(slot, body)


def test_a_fault_of_our_own_leaves_every_lead_of_the_grant_in_a_recorded_state() -> None:
    scene = Scene(n=10, destination=_BrokenDestination(0.15))
    with pytest.raises(BaseExceptionGroup):
        scene.run()
    states = scene.ledger.state_of
    assert "sending" not in states.values()
    assert {states[key] for _, _, key in scene.destination.sent} == {"in_doubt"}


class _FullDisk(FakeLedger):
    def depart(self, lead: GrantedLead) -> None:
        if len(self.departed) == 3:
            raise FULL
        super().depart(lead)


class _LostLedger(FakeLedger):
    async def throttle(self, throttle_s: float) -> None:  # noqa: ARG002 - the port's name
        raise FULL


def test_a_departure_that_cannot_be_noted_stops_the_chunk_and_what_left_before_is_answered() -> (
    None
):
    scene = Scene(n=10, destination=FakeDestination(0.15))
    scene.ledger = _FullDisk(scene.ledger.keys, scene.ledger.now)
    with pytest.raises(LedgerError, match="disk is full"):
        scene.run()
    sent = {key for _, _, key in scene.destination.sent}
    states = scene.ledger.state_of
    assert {key for key, state in states.items() if state == "delivered"} == sent
    assert list(states.values()).count("pending") == 7


def test_a_pause_that_cannot_be_written_down_stops_the_chunk_with_the_ledgers_own_error() -> None:
    scene = Scene(n=10, destination=FakeDestination(0.15, {"lead-0": [TOO_MANY]}))
    scene.ledger = _LostLedger(scene.ledger.keys, scene.ledger.now)
    with pytest.raises(LedgerError, match="disk is full"):
        scene.run()
    assert set(scene.ledger.state_of.values()) == {"pending", "delivered"}


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
    destination = FakeDestination(0.01, _script("lead-0", TOO_MANY))
    scene = Scene(n=100, rate=Rate(100.0, 200), destination=destination, pacing=Pacing(10, 1))
    scene.run()
    n_granted = [len(g.leads) for _, g in scene.ledger.grants if isinstance(g, Grant)]
    assert n_granted[:11] == [10, *range(1, 11)]
