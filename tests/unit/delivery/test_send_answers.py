"""What does a chunk make of each of Clay's answers, and of none? All in virtual time."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from support.scenes.fakes import FakeDestination
from support.scenes.send_scene import TOO_MANY, Scene, script

from clayload.delivery.grant import SlotSnapshot, SlotState
from clayload.delivery.send import Pacing
from clayload.delivery.verdict import Answer, Answered
from clayload.errors import CapacityExhaustedError, Code, SlotRejectedError

LIMIT_REACHED = Answered(403, {}, "Record limit reached for webhook")


def test_a_429_halts_the_grant_pauses_the_workspace_and_costs_no_lead_anything() -> None:
    destination = FakeDestination(0.01, script("lead-2", TOO_MANY))
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
    destination = FakeDestination(0.01, script("lead-2", TOO_MANY))
    scene = Scene(n=30, destination=destination, pacing=Pacing(10, 1))
    scene.run()
    gaps_s = [b - a for a, b in zip(scene.sent_at[3:], scene.sent_at[4:], strict=False)]
    assert min(gaps_s) >= 0.1 - 1e-6


def test_a_429_silences_the_workspace_while_slower_answers_of_its_grant_are_still_out() -> None:
    class _SlowFirst(FakeDestination):
        async def submit(self, slot: str, body: bytes) -> Answer:
            await asyncio.sleep(12 if body == b"lead-0" else 0)
            return await super().submit(slot, body)

    scene = Scene(n=10, destination=_SlowFirst(0.01, script("lead-3", TOO_MANY)))
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
    destination = FakeDestination(0.01, script("lead-3", LIMIT_REACHED))
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
