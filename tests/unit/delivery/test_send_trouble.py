"""What does a chunk make of a Clay that is down or broken? All in virtual time."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from support.scenes.fakes import FakeDestination, FakeLedger
from support.scenes.send_scene import REFUSED, Scene, script

from clayload.delivery.grant import Grant, GrantAnswer, Verdicts
from clayload.delivery.health import Health, Outage
from clayload.delivery.send import Pacing
from clayload.delivery.verdict import Answered, AnswerLost
from clayload.errors import Code, DestinationDownError


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
    destination = FakeDestination(0.01, script("lead-0", REFUSED))
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
    scene = Scene(n=10, destination=FakeDestination(0.01, script("lead-4", AnswerLost("reset"))))
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
