"""What does a chunk leave that is cancelled, stopped, or cannot write down what it does?"""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from support.scenes.fakes import FakeDestination, FakeLedger, run_virtually
from support.scenes.send_scene import REFUSED, TOO_MANY, Scene, script

from clayload.delivery.grant import GrantedLead
from clayload.delivery.send import STOP_GRACE_S, Pacing
from clayload.delivery.verdict import Answer, Answered
from clayload.errors import Code, LedgerError

FULL = LedgerError(Code.LEDGER_WRITE_FAILED, "the disk is full", hint="free some space")


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
    scene = Scene(n=30, destination=FakeDestination(0.01, script("lead-2", quiet)))
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
