"""What is sent again, when, and what remains of what was known before?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.scenes.ledger_scene import CYCLE, LedgerScene, each, make_config, take_grant

from clayload.delivery.grant import Finished, SlotState, Wait
from clayload.delivery.verdict import SlotEffect, Verdict, VerdictKind
from clayload.ledger.granting.grants import ChunkGrants, GrantTerms
from clayload.ledger.granting.register import Owing, register_chunk
from clayload.ledger.rules.owing import Lead
from clayload.model import ChunkRef

DELIVERED = Verdict(VerdictKind.DELIVERED, "accepted", 200)
LOST = Verdict(VerdictKind.IN_DOUBT, "reset")
REFUSED = Verdict(VerdictKind.REFUSED, "refused with 400", 400, "bad JSON")
DOWN = Verdict(VerdictKind.RETRY, "ConnectError")
PAST = "SELECT what, COUNT(*) FROM past_verdicts GROUP BY what"
KEYS = ["ada@example.com", "bob@example.com"]


@dataclass
class Table:
    """One table's chunks over the cycles, one run for all."""

    scene: LedgerScene
    n_chunks: int = 0

    def __post_init__(self) -> None:
        self.ledger = self.scene.open()
        self.scene.start_run(self.ledger, "run-1")

    def register(self, cycle: str, leads: Sequence[Lead]) -> int:
        ((name, table),) = self.scene.config.tables.items()
        self.n_chunks += 1
        self.chunk = ChunkRef("run-1", f"chunk-{self.n_chunks}", name, len(leads), Path("chunk"))
        return register_chunk(self.ledger, self.chunk, Owing(cycle, table), leads)

    def grants(self) -> ChunkGrants:
        return ChunkGrants(self.ledger, self.chunk, GrantTerms(self.scene.config, 30.0))

    def deliver(self, n: int) -> None:
        grants = self.grants()
        grants.record(each(take_grant(grants, n).leads, DELIVERED))


def _leads(*hashes: str) -> list[Lead]:
    return [Lead(i, key, text) for i, (key, text) in enumerate(zip(KEYS, hashes, strict=True))]


def test_each_cycle_sends_anew_and_never_does_not(scene: LedgerScene) -> None:
    table = Table(scene)
    assert table.register("2026-10", _leads("a", "b")) == 2
    table.deliver(2)
    assert table.register("2026-11", _leads("a", "b")) == 2
    table.deliver(2)
    scene.config = make_config(resend="never")
    assert table.register("2026-12", _leads("a", "b")) == 0
    assert scene.query("SELECT COUNT(*) FROM submissions") == [(4,)]


@pytest.mark.parametrize("cycle", [CYCLE, "2026-12"])
def test_only_what_has_changed_is_sent_again(scene: LedgerScene, cycle: str) -> None:
    scene.config = make_config(resend="when_changed")
    table = Table(scene)
    table.register(CYCLE, _leads("a", "b"))
    table.deliver(2)
    assert table.register(cycle, _leads("a", "changed")) == 1
    assert table.register(cycle, _leads("a", "changed")) == 1, "registered twice, owed once"
    (lead,) = take_grant(table.grants(), 10).leads
    assert lead.lead_key == KEYS[1]


def test_a_change_before_the_lead_was_sent_is_no_second_lead(scene: LedgerScene) -> None:
    scene.config = make_config(resend="when_changed")
    table = Table(scene)
    table.register(CYCLE, _leads("a", "b"))
    assert table.register(CYCLE, _leads("a", "changed")) == 2
    table.deliver(2)
    assert table.register(CYCLE, _leads("a", "changed")) == 0
    assert table.register(CYCLE, _leads("a", "b")) == 1


def test_a_lead_that_changes_back_and_forth_within_a_cycle_is_sent_each_time_and_then_rests(
    scene: LedgerScene,
) -> None:
    scene.config = make_config(resend="when_changed")
    table = Table(scene)
    n_owed = []
    for text in "ababbaa":
        n_owed.append(table.register(CYCLE, [Lead(0, KEYS[0], text)]))
        if n_owed[-1]:
            table.deliver(1)
    assert n_owed == [1, 1, 1, 1, 0, 1, 0]
    sent = scene.query("SELECT payload_hash, state FROM submissions ORDER BY submission_id")
    assert sent == [(text, "delivered") for text in "ababa"]


def test_a_table_that_resends_tries_leads_in_doubt_three_times_with_growing_rests(
    scene: LedgerScene,
) -> None:
    scene.config = make_config(on_in_doubt="resend")
    table = Table(scene)
    table.register(CYCLE, _leads("a", "b"))
    grants = table.grants()
    answer = grants.grant(10, each(take_grant(grants, 10).leads, LOST))
    waited = []
    while isinstance(answer, Wait):
        waited.append(answer.wait_s)
        scene.clock.at += answer.wait_s
        grant = grants.grant(10, ())
        if isinstance(grant, Wait | Finished):
            answer = grant
        else:
            answer = grants.grant(10, each(grant.leads, LOST))
    assert waited == pytest.approx([5.0, 10.0], abs=0.1)
    assert isinstance(answer, Finished)
    assert scene.states == dict.fromkeys(KEYS, "in_doubt")
    assert scene.query("SELECT n_attempts FROM submissions") == [(3,), (3,)]
    # Every one of them may be in Clay: each is charged, and its story kept.
    assert scene.used == {"tech-1": 6}
    assert scene.query("SELECT what, COUNT(*) FROM past_verdicts GROUP BY what") == [
        ("in_doubt", 4)
    ]


def test_a_table_that_holds_does_not(scene: LedgerScene) -> None:
    table = Table(scene)
    table.register(CYCLE, _leads("a", "b"))
    grants = table.grants()
    assert grants.grant(10, each(take_grant(grants, 10).leads, LOST)) == Finished()
    scene.clock.at += 3_600
    assert table.grants().grant(10, ()) == Finished()
    assert table.register(CYCLE, _leads("a", "b")) == 0


def test_what_a_later_verdict_overtakes_is_part_of_the_story(scene: LedgerScene) -> None:
    table = Table(scene)
    table.register(CYCLE, _leads("a", "b"))
    grants = table.grants()
    grants.record(each(take_grant(grants, 10).leads, DOWN))
    scene.clock.at += 5
    grants.record(each(take_grant(grants, 10).leads, REFUSED))
    assert (
        scene.query("SELECT what, reason, run_id, slot FROM past_verdicts")
        == [("retry", "ConnectError", "run-1", "tech-1")] * 2
    )


def test_an_answer_that_comes_after_all_tells_and_the_doubt_is_remembered(
    scene: LedgerScene,
) -> None:
    table = Table(scene)
    table.register(CYCLE, _leads("a", "b"))
    grants = table.grants()
    grant = take_grant(grants, 10)
    scene.clock.at += 100
    assert table.ledger.give_up_overdue() == 2
    grants.record(each(grant.leads, DELIVERED))
    assert scene.states == dict.fromkeys(KEYS, "delivered")
    assert scene.query("SELECT what, COUNT(*) FROM past_verdicts GROUP BY what") == [
        ("in_doubt", 2)
    ]


def test_a_retired_slot_stays_retired_whatever_clay_answers_through_it(scene: LedgerScene) -> None:
    scene.config = make_config({"name": "tech-1"}, {"name": "tech-2"})
    table = Table(scene)
    table.register(CYCLE, _leads("a", "b"))
    grants = table.grants()
    grant = take_grant(grants, 1)
    table.ledger.mark_slot("tech-1", SlotState.RETIRED, "its URL was leaked")
    gone = Verdict(VerdictKind.RETRY, "slot answers 401", 401, slot_effect=SlotEffect.SUSPENDED)
    assert take_grant(grants, 1, each(grant.leads, gone)).slot == "tech-2"
    scene.start_run(table.ledger, "run-2")
    assert scene.query("SELECT state, reason FROM slots ORDER BY slot")[0] == (
        "retired",
        "its URL was leaked",
    )
