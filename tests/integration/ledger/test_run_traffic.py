"""Does the ledger know how fast a run went, and what held it up, and nothing of other runs?"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from support.scenes.ledger_scene import NOVEMBER, LedgerScene, each, make_config, take_grant

from clayload.delivery.grant import Verdicts
from clayload.delivery.verdict import Answered, AnswerLost, Verdict, judge, too_large
from clayload.ledger.books.run_traffic import RunTraffic, read_run_traffic
from clayload.ledger.books.runs import find_run
from clayload.ledger.granting.grants import ChunkGrants
from clayload.ledger.granting.reopen import find_replayable
from clayload.ledger.rules.states import SubmissionState
from clayload.ledger.store import Ledger
from clayload.model import Outcome
from clayload.report.rate import cut_stretches

NOW = datetime(2026, 11, 2, tzinfo=UTC)
DELIVERED = judge(Answered(200, {}, ""), NOW)
REFUSED = judge(Answered(400, {}, "bad JSON"), NOW)
TOO_MANY = judge(Answered(429, {"retry-after": "7"}, ""), NOW)
LOST = judge(AnswerLost("reset"), NOW)
KEYS = [f"lead-{i:02}@example.com" for i in range(40)]


def traffic_of(ledger: Ledger, run_id: str) -> RunTraffic:
    return read_run_traffic(ledger, find_run(ledger, run_id), "main")


def begin(scene: LedgerScene, run_id: str, keys: list[str]) -> Ledger:
    ledger = scene.open()
    scene.start_run(ledger, run_id)
    scene.register(ledger, run_id, "chunk-1", keys)
    return ledger


def begin_grants(scene: LedgerScene, keys: list[str]) -> ChunkGrants:
    return scene.grants(begin(scene, "run-1", keys), "run-1", "chunk-1")


def test_answered_leads_count_at_the_moment_they_might_leave_and_not_when_it_was_recorded(
    scene: LedgerScene,
) -> None:
    ledger = begin(scene, "run-1", KEYS)
    grants = scene.grants(ledger, "run-1", "chunk-1")
    verdicts: Verdicts = ()
    for moment in range(3):
        scene.clock.at = NOVEMBER + 10 * moment
        grant = take_grant(grants, 4, verdicts)
        verdicts = each(grant.leads, DELIVERED)
    scene.clock.at = NOVEMBER + 30
    first, second, third, fourth = grant.leads
    mixed = [(first, REFUSED), (second, LOST), (third, too_large(200_000, 100_000))]
    grants.record([*mixed, (fourth, DELIVERED)])
    take_grant(grants, 2)  # and the process ends before it tells
    scene.clock.at = NOVEMBER + 400
    assert ledger.give_up_overdue() == 2
    told = traffic_of(ledger, "run-1")
    assert told.sent == ((NOVEMBER, 4), (NOVEMBER + 10, 4), (NOVEMBER + 20, 3))
    assert told.allowed == ((NOVEMBER, 10.0),)
    assert (told.started_at, told.ended_at, told.n_answers) == (NOVEMBER, NOVEMBER + 30, 11)


def test_429s_and_the_slow_down_are_those_of_the_workspace_within_the_run(
    scene: LedgerScene,
) -> None:
    ledger = begin(scene, "run-1", KEYS[:20])
    scene.start_run(ledger, "run-2")
    scene.register(ledger, "run-2", "chunk-1", KEYS[20:])
    first, second = (scene.grants(ledger, run, "chunk-1") for run in ("run-1", "run-2"))
    grant = take_grant(first, 4)
    scene.clock.at = NOVEMBER + 12
    first.record(each(grant.leads, DELIVERED))
    grant = take_grant(second, 4)
    scene.clock.at = NOVEMBER + 23
    second.throttle(7)
    second.record([*each(grant.leads[:3], TOO_MANY), (grant.leads[3], DELIVERED)])
    scene.clock.at = NOVEMBER + 45
    first.record(each(take_grant(first, 2).leads, DELIVERED))
    scene.clock.at = NOVEMBER + 60
    ledger.finish_run("run-1", Outcome.COMPLETE, "[]")
    told = traffic_of(ledger, "run-1")
    assert told.sent == ((NOVEMBER, 4), (NOVEMBER + 45, 2))
    assert told.rate_limited == ((int(NOVEMBER) + 20, 3),)
    assert told.workspace_per_s == 1 / 20  # in the whole buckets from the 20th to the 40th second
    assert (told.slowed_at, told.slowed_to) == (NOVEMBER + 23, 0.7)
    assert told.ended_at == NOVEMBER + 60


def test_what_came_before_and_after_the_run_is_none_of_its_own(scene: LedgerScene) -> None:
    ledger = begin(scene, "run-1", KEYS[:20])
    grants = scene.grants(ledger, "run-1", "chunk-1")
    grants.record(each(take_grant(grants, 4).leads, TOO_MANY))
    scene.clock.at = NOVEMBER + 100
    scene.start_run(ledger, "run-2")
    scene.register(ledger, "run-2", "chunk-1", KEYS)
    scene.clock.at = NOVEMBER + 104
    ledger.finish_run("run-2", Outcome.COMPLETE, "[]")
    scene.clock.at = NOVEMBER + 200
    grants.record(each(take_grant(grants, 4).leads, DELIVERED))
    told = traffic_of(ledger, "run-2")
    assert told == RunTraffic(NOVEMBER + 100, NOVEMBER + 104, 0)


def test_leads_beyond_the_burst_count_one_by_one_as_the_pacer_let_them_go(
    scene: LedgerScene,
) -> None:
    grants = begin_grants(scene, KEYS)
    grants.record(each(take_grant(grants, 18).leads, DELIVERED))
    grant = take_grant(grants, 4)
    scene.clock.at += 60
    grants.record(each(grant.leads, DELIVERED))
    sent = traffic_of(scene.opened[0], "run-1").sent
    delays_s = [at - NOVEMBER for at, n in sent for _ in range(n)]
    assert delays_s == pytest.approx([0.0] * 18 + [0.1, 0.2, 0.3, 0.4], abs=1e-4)


@pytest.mark.parametrize("first", [TOO_MANY, LOST, REFUSED])
def test_a_lead_that_is_sent_again_counts_at_its_last_sending(
    scene: LedgerScene, first: Verdict
) -> None:
    scene.config = make_config(on_in_doubt="resend")
    grants = begin_grants(scene, KEYS[:4])
    ledger = scene.opened[0]
    grants.record(each(take_grant(grants, 4).leads, first))
    scene.clock.at = NOVEMBER + 60
    if first is REFUSED:
        leads = find_replayable(ledger, "run-1", [SubmissionState.REFUSED])
        scene.replay(ledger, scene.chunk("run-2", "chunk-1"), leads)
        grants = scene.grants(ledger, "run-2", "chunk-1")
    grants.record(each(take_grant(grants, 4).leads, DELIVERED))
    sent = traffic_of(ledger, "run-2" if first is REFUSED else "run-1").sent
    assert sent == ((NOVEMBER + 60, 4),)
    if first is REFUSED:
        assert traffic_of(ledger, "run-1").sent == ()


def test_what_is_allowed_follows_the_rate_that_a_person_sets_while_the_run_goes(
    scene: LedgerScene,
) -> None:
    grants = begin_grants(scene, KEYS)
    for second, rate_per_s in ((2, 20.0), (23, 20.0), (35, 5.0), (44, 5.0), (58, 5.0)):
        scene.clock.at = NOVEMBER + second
        grants.record(each(take_grant(grants, 2).leads, DELIVERED))
        scene.opened[0].follow(make_config(workspace={"rate_per_s": rate_per_s}))
    told = traffic_of(scene.opened[0], "run-1")
    # To within a bucket: the greater rate reaches as far as it may have.
    assert told.allowed == ((NOVEMBER, 10.0), (NOVEMBER + 20, 20.0), (NOVEMBER + 50, 5.0))


def test_a_rate_that_changed_between_the_answers_of_two_slots_is_known_to_within_their_bucket(
    scene: LedgerScene,
) -> None:
    scene.config = make_config({"name": "tech-1"}, {"name": "tech-2"})
    grants = begin_grants(scene, KEYS)
    for bucket, slot, rate_per_s in (
        *((0, "tech-1", 10.0), (10, "tech-1", 10.0), (10, "tech-2", 4.0), (20, "tech-2", 4.0)),
        *((30, "tech-1", 4.0), (30, "tech-2", 8.0), (40, "tech-2", 8.0)),
    ):
        at = int(NOVEMBER) + bucket
        scene.query(
            "INSERT INTO traffic VALUES (?, ?, 'main', 1, 0, 0, 0, ?)", slot, at, rate_per_s
        )
    scene.clock.at = NOVEMBER + 50
    grants.record(each(take_grant(grants, 2).leads, DELIVERED))
    told = traffic_of(scene.opened[0], "run-1")
    rates = ((NOVEMBER, 10.0), (NOVEMBER + 20, 4.0), (NOVEMBER + 30, 8.0))
    assert told.allowed[:3] == rates


def test_nothing_is_known_of_a_run_some_of_whose_sends_nobody_kept(scene: LedgerScene) -> None:
    grants = begin_grants(scene, KEYS)
    grants.record(each(take_grant(grants, 8).leads, DELIVERED))
    scene.query("UPDATE submissions SET send_at = NULL WHERE lead_key = ?", KEYS[3])
    told = traffic_of(scene.opened[0], "run-1")
    assert (told.n_answers, told.sent) == (8, ())


def test_sends_of_a_long_run_count_by_the_second(scene: LedgerScene) -> None:
    grants = begin_grants(scene, KEYS)
    for second in (0.25, 0.75, 601.5):
        scene.clock.at = NOVEMBER + second
        grants.record(each(take_grant(grants, 2).leads, DELIVERED))
    assert traffic_of(scene.opened[0], "run-1").sent == ((NOVEMBER, 4), (NOVEMBER + 601, 2))


def test_no_stretch_is_above_what_the_pacer_allowed_though_answers_came_in_bunches(
    scene: LedgerScene,
) -> None:
    rate_per_s, burst, n_chunks = 100, 20, 8
    scene.config = make_config(workspace={"rate_per_s": rate_per_s, "burst": burst})
    ledger = scene.open()
    scene.start_run(ledger, "run-1")
    chunks = []
    for chunk in range(n_chunks):
        keys = [f"lead-{chunk}-{number}@example.com" for number in range(100)]
        scene.register(ledger, "run-1", f"chunk-{chunk}", keys)
        chunks.append(scene.grants(ledger, "run-1", f"chunk-{chunk}"))
    for _ in range(4):
        given = []
        for grants in chunks:
            given.append(take_grant(grants, 25))
            scene.clock.at += 0.25
        # What eight chunks were sent within two seconds is answered and recorded all at once.
        for grants, grant in zip(chunks, given, strict=True):
            grants.record(each(grant.leads, DELIVERED))
    stretches = cut_stretches(traffic_of(ledger, "run-1"))
    assert sum(stretch.n for stretch in stretches) == 4 * n_chunks * 25
    assert len(stretches) >= 8
    for stretch in stretches:
        assert stretch.n <= burst + rate_per_s * (stretch.end_at - stretch.begin_at)
    assert {stretch.per_s for stretch in stretches[1:-1]} == {rate_per_s}
