"""Does the ledger tell how fast a run went, and what held it up, and nothing of other runs?"""

from __future__ import annotations

from datetime import UTC, datetime

from support.scenes.ledger_scene import NOVEMBER, LedgerScene, each, take_grant

from clayload.delivery.grant import Verdicts
from clayload.delivery.verdict import Answered, AnswerLost, judge, too_large
from clayload.ledger.books.run_traffic import RunTraffic, read_run_traffic
from clayload.ledger.books.runs import find_run
from clayload.ledger.store import Ledger

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


def test_answers_are_told_by_the_moment_they_were_recorded_those_that_came(
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
    assert told.answers == ((NOVEMBER + 10, 4), (NOVEMBER + 20, 4), (NOVEMBER + 30, 3))
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
    ledger.finish_run("run-1", "complete", "[]")
    told = traffic_of(ledger, "run-1")
    assert told.answers == ((NOVEMBER + 12, 4), (NOVEMBER + 45, 2))
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
    ledger.finish_run("run-2", "complete", "[]")
    scene.clock.at = NOVEMBER + 200
    grants.record(each(take_grant(grants, 4).leads, DELIVERED))
    told = traffic_of(ledger, "run-2")
    assert told == RunTraffic(NOVEMBER + 100, NOVEMBER + 104, ())
