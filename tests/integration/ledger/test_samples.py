"""Is a sample counted as it is granted, given back where it must be, and never passed?"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.scenes.ledger_scene import TABLE, LedgerScene, each, make_config, take_grant

from clayload.delivery.grant import Grant, Verdicts, Wait
from clayload.delivery.sample import ApprovalRequired, Decision
from clayload.delivery.verdict import Answered, Verdict, judge, unsent
from clayload.ledger.audit.audit import audit
from clayload.ledger.granting.grants import ChunkGrants, GrantTerms
from clayload.ledger.granting.recovery import recover
from clayload.ledger.granting.sampling import open_sample, record_decision
from clayload.ledger.rules.boot_session import read_boot_id
from clayload.ledger.rules.departures import Departures
from clayload.ledger.store import RunStart

NOW = datetime(2026, 11, 2, tzinfo=UTC)
KEYS = [f"lead-{i:02}@example.com" for i in range(12)]
DELIVERED = judge(Answered(200, {}, ""), NOW)
FAST = {"rate_per_s": 10_000.0, "burst": 10_000}


def _load(scene: LedgerScene, n_first: int | None = 5) -> ChunkGrants:
    scene.config = make_config(workspace=FAST, sample_first=n_first)
    return scene.load(KEYS)


def _run_beside(scene: LedgerScene, run_id: str = "run-2") -> ChunkGrants:
    """A second run of the same load, in another process."""
    ledger = scene.open()
    scene.start_run(ledger, run_id)
    scene.register(ledger, run_id, "chunk-1", KEYS)
    return scene.grants(ledger, run_id, "chunk-1")


def _send_all(grants: ChunkGrants, verdict: Verdict = DELIVERED) -> tuple[int, object]:
    """Send what is granted, two at a time; how many went, and why no more did."""
    n_sent, told = 0, []
    while isinstance(answer := grants.grant(2, told), Grant):
        n_sent += len(answer.leads)
        told = each(answer.leads, verdict)
    return n_sent, answer


def _say(scene: LedgerScene, decision: Decision, n_more: int = 0) -> None:
    ledger = scene.opened[0]
    record_decision(ledger, open_sample(ledger, "run-1", TABLE), decision, n_more)


def _n_sent(scene: LedgerScene) -> int:
    ((n,),) = scene.query("SELECT n_sent FROM samples")
    return int(n)


def test_the_sample_is_sent_and_not_one_lead_more_by_any_run_of_the_load(
    scene: LedgerScene,
) -> None:
    n, answer = _send_all(_load(scene))
    assert (n, _n_sent(scene)) == (5, 5)
    assert isinstance(answer, ApprovalRequired)
    n, answer = _send_all(_run_beside(scene))
    assert n == 0
    assert isinstance(answer, ApprovalRequired)
    assert answer.sample.run_id == "run-2"
    assert audit(scene.opened[0]) == []


def test_another_extract_or_cycle_has_a_sample_of_its_own(scene: LedgerScene) -> None:
    _send_all(_load(scene, 3))
    ledger = scene.opened[0]
    for run_id, extract_id, cycle in (
        ("run-2", "extract-2", "2026-11"),
        ("run-3", "extract-1", "x"),
    ):
        ledger.start_run(RunStart(run_id, extract_id, cycle, "{}"), scene.config)
        scene.register(ledger, run_id, "chunk-1", KEYS)
        assert _send_all(scene.grants(ledger, run_id, "chunk-1"))[0] == 3


def test_a_word_counts_from_the_next_grant_on_whoever_asks(scene: LedgerScene) -> None:
    grants = _load(scene)
    _send_all(grants)
    _say(scene, Decision.NEXT, 3)
    assert _send_all(grants)[0] == 3
    _say(scene, Decision.STOP)
    n, answer = _send_all(_run_beside(scene))
    assert n == 0
    assert isinstance(answer, ApprovalRequired)
    assert answer.sample.decision is Decision.STOP
    _say(scene, Decision.GO_ON)
    assert _send_all(grants)[0] == 4
    assert _n_sent(scene) == len(KEYS)


def test_a_stop_in_the_middle_of_a_sample_holds_the_rest(scene: LedgerScene) -> None:
    grants = _load(scene)
    grant = take_grant(grants, 2)
    _say(scene, Decision.STOP)
    assert isinstance(grants.grant(2, each(grant.leads, DELIVERED)), ApprovalRequired)
    assert _n_sent(scene) == 2


@pytest.mark.parametrize(
    ("verdict", "is_kept"),
    [
        (judge(Answered(503, {}, ""), NOW), True),
        (judge(Answered(400, {}, "bad JSON"), NOW), False),
        (unsent("its moment had passed"), False),
    ],
)
def test_only_what_was_provably_not_accepted_is_given_back(
    scene: LedgerScene, verdict: Verdict, *, is_kept: bool
) -> None:
    grants = _load(scene)
    grant = take_grant(grants, 4)
    grants.record([*each(grant.leads[:1], DELIVERED), *each(grant.leads[1:], verdict)])
    assert _n_sent(scene) == (4 if is_kept else 1)
    assert audit(scene.opened[0]) == []


def test_nobody_is_deferred_while_others_may_give_back_what_they_hold(scene: LedgerScene) -> None:
    first = _load(scene)
    second = _run_beside(scene)
    grant = take_grant(first, 5)
    assert isinstance(second.grant(9, ()), Wait)
    mixed: Verdicts = [*each(grant.leads[:3], DELIVERED), *each(grant.leads[3:], unsent("late"))]
    first.record(mixed)
    assert _send_all(second)[0] == 2
    assert isinstance(first.grant(9, ()), ApprovalRequired)


def test_what_a_process_left_unsent_is_given_back(scene: LedgerScene, tmp_path: Path) -> None:
    _load(scene)
    sender, ledger = f"{read_boot_id()}.7", scene.opened[0]
    terms = GrantTerms(scene.config, 30.0, Departures(sender))
    take_grant(ChunkGrants(ledger, scene.chunk("run-1", "chunk-1"), terms), 4)
    (tmp_path / f"{sender}.departures").write_bytes(b"")
    assert recover(ledger, tmp_path).n_taken_back == 4
    assert _n_sent(scene) == 0
    assert audit(ledger) == []


def test_a_table_without_a_sample_has_no_row_of_one(scene: LedgerScene) -> None:
    assert _send_all(_load(scene, None))[0] == len(KEYS)
    assert scene.query("SELECT * FROM samples") == []


def test_the_ledgers_own_check_finds_a_sample_that_no_lead_explains(scene: LedgerScene) -> None:
    _send_all(_load(scene))
    scene.query("UPDATE samples SET n_sent = 4")
    (found,) = audit(scene.opened[0])
    assert found.is_damage
    assert found.what.endswith("counts 4 leads, and 5 were sent of it")
